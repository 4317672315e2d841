#include "tests/unit/client/import/unsynced_disk.h"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "tests/support/require.h"

namespace interaction::testing {
namespace {

constexpr size_t kSector = 512;

UnsyncedDisk* disk = nullptr;       // the one that lives
sqlite3_vfs* system_vfs = nullptr;  // the one below

// SQLite allots szOsFile bytes for each file: this, and behind it what the system's VFS keeps.
struct NotedFile {
  sqlite3_file base;
  const char* path;  // null: not noted. SQLite keeps the name for as long as the file is open.
  sqlite3_file* below() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

NotedFile& Noted(sqlite3_file* file) { return *reinterpret_cast<NotedFile*>(file); }
sqlite3_file* Below(sqlite3_file* file) { return Noted(file).below(); }

int Close(sqlite3_file* file) { return Below(file)->pMethods->xClose(Below(file)); }
int Read(sqlite3_file* file, void* to, int size, sqlite3_int64 offset) {
  return Below(file)->pMethods->xRead(Below(file), to, size, offset);
}
int Write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
  const int code = Below(file)->pMethods->xWrite(Below(file), bytes, size, offset);
  const char* path = Noted(file).path;
  if (code == SQLITE_OK && path != nullptr) {
    disk->NoteWritten(path, offset, std::string(static_cast<const char*>(bytes), static_cast<size_t>(size)));
  }
  return code;
}
int Truncate(sqlite3_file* file, sqlite3_int64 size) {
  const int code = Below(file)->pMethods->xTruncate(Below(file), size);
  if (code == SQLITE_OK && Noted(file).path != nullptr) disk->NoteTruncated(Noted(file).path, size);
  return code;
}
int Sync(sqlite3_file* file, int flags) {
  const int code = Below(file)->pMethods->xSync(Below(file), flags);
  if (code == SQLITE_OK && Noted(file).path != nullptr) disk->NoteSynced(Noted(file).path);
  return code;
}
int FileSize(sqlite3_file* file, sqlite3_int64* size) { return Below(file)->pMethods->xFileSize(Below(file), size); }
int Lock(sqlite3_file* file, int lock) { return Below(file)->pMethods->xLock(Below(file), lock); }
int Unlock(sqlite3_file* file, int lock) { return Below(file)->pMethods->xUnlock(Below(file), lock); }
int CheckReservedLock(sqlite3_file* file, int* result) {
  return Below(file)->pMethods->xCheckReservedLock(Below(file), result);
}
int FileControl(sqlite3_file* file, int operation, void* argument) {
  return Below(file)->pMethods->xFileControl(Below(file), operation, argument);
}
int SectorSize(sqlite3_file* file) { return Below(file)->pMethods->xSectorSize(Below(file)); }
int DeviceCharacteristics(sqlite3_file* file) { return Below(file)->pMethods->xDeviceCharacteristics(Below(file)); }

// Version 1: neither shared memory nor mapped files, past which writes would go unnoted.
constexpr sqlite3_io_methods kMethods = {1,
                                         Close,
                                         Read,
                                         Write,
                                         Truncate,
                                         Sync,
                                         FileSize,
                                         Lock,
                                         Unlock,
                                         CheckReservedLock,
                                         FileControl,
                                         SectorSize,
                                         DeviceCharacteristics,
                                         {},
                                         {},
                                         {},
                                         {},
                                         {},
                                         {}};

int Open(sqlite3_vfs*, const char* path, sqlite3_file* file, int flags, int* flags_out) {
  constexpr int kNoted = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL;
  NotedFile& noted = Noted(file);
  noted.base.pMethods = nullptr;
  noted.path = (flags & kNoted) != 0 && (flags & SQLITE_OPEN_DELETEONCLOSE) == 0 ? path : nullptr;
  const int code = system_vfs->xOpen(system_vfs, path, noted.below(), flags, flags_out);
  if (code != SQLITE_OK) return code;
  noted.base.pMethods = &kMethods;
  if (noted.path != nullptr) disk->NoteOpened(path);
  return code;
}

int Delete(sqlite3_vfs*, const char* path, int sync_folder) {
  const int code = system_vfs->xDelete(system_vfs, path, sync_folder);
  if (code == SQLITE_OK) disk->NoteDeleted(path);
  return code;
}

sqlite3_vfs MakeVfs() {
  sqlite3_vfs vfs = *system_vfs;  // all that is not about the contents of files is the system's
  vfs.szOsFile = static_cast<int>(sizeof(NotedFile)) + system_vfs->szOsFile;
  vfs.pNext = nullptr;
  vfs.zName = "unsynced-disk";
  vfs.xOpen = &Open;
  vfs.xDelete = &Delete;
  return vfs;
}

sqlite3_vfs vfs;

}  // namespace

UnsyncedDisk::UnsyncedDisk() {
  Require(disk == nullptr, "one disk at a time");
  disk = this;
  system_vfs = sqlite3_vfs_find("unix");
  vfs = MakeVfs();
  Require(sqlite3_vfs_register(&vfs, /*makeDflt=*/1) == SQLITE_OK, "sqlite3_vfs_register");
}

UnsyncedDisk::~UnsyncedDisk() {
  sqlite3_vfs_unregister(&vfs);
  sqlite3_vfs_register(system_vfs, /*makeDflt=*/1);
  disk = nullptr;
}

void UnsyncedDisk::Apply(const Change& change, std::string* content) {
  if (!change.bytes.has_value()) {
    content->resize(std::min(content->size(), change.offset));
    return;
  }
  const size_t end = change.offset + change.bytes->size();
  if (content->size() < end) content->resize(end);
  content->replace(change.offset, change.bytes->size(), *change.bytes);
}

UnsyncedDisk::Files UnsyncedDisk::AfterPowerFailure(std::mt19937* chance) const {
  const std::lock_guard lock(mutex_);
  Files files;
  for (const auto& [path, file] : files_) {
    if (!file.exists_for_sure && (chance == nullptr || (*chance)() % 2 == 0)) continue;
    std::string content = file.synced;
    if (chance != nullptr) {
      std::vector<Change> done = file.unsynced;
      std::shuffle(done.begin(), done.end(), *chance);
      done.resize((*chance)() % (done.size() + 1));
      for (const Change& change : done) Apply(change, &content);
    }
    files[path] = content;
  }
  return files;
}

int UnsyncedDisk::syncs() const {
  const std::lock_guard lock(mutex_);
  return syncs_;
}

void UnsyncedDisk::NoteOpened(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (files_.contains(path)) return;
  std::ifstream in(path, std::ios::binary);
  File& file = files_[path];
  file.synced.assign(std::istreambuf_iterator<char>(in), {});
  file.exists_for_sure = !file.synced.empty();
}

void UnsyncedDisk::NoteWritten(const std::string& path, sqlite3_int64 offset, std::string bytes) {
  const std::lock_guard lock(mutex_);
  const auto begin = static_cast<size_t>(offset);
  // A sector is written whole or not at all.
  for (size_t done = 0; done < bytes.size();) {
    const size_t size = std::min(kSector - (begin + done) % kSector, bytes.size() - done);
    files_[path].unsynced.push_back({begin + done, bytes.substr(done, size)});
    done += size;
  }
}

void UnsyncedDisk::NoteTruncated(const std::string& path, sqlite3_int64 size) {
  const std::lock_guard lock(mutex_);
  files_[path].unsynced.push_back({static_cast<size_t>(size), std::nullopt});
}

void UnsyncedDisk::NoteSynced(const std::string& path) {
  const std::lock_guard lock(mutex_);
  ++syncs_;
  File& file = files_[path];
  for (const Change& change : file.unsynced) Apply(change, &file.synced);
  file.unsynced.clear();
  // SQLite syncs the folder with the first sync of a journal or log, which is before anything counts as committed.
  for (auto& [name, other] : files_) other.exists_for_sure = true;
}

void UnsyncedDisk::NoteDeleted(const std::string& path) {
  const std::lock_guard lock(mutex_);
  files_.erase(path);
}

}  // namespace interaction::testing
