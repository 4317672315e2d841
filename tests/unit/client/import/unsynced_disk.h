#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <sqlite3.h>

namespace interaction::testing {

// What a power failure would leave of SQLite's files. While it lives it is SQLite's default VFS: files are those of the
// system's, and every write and sync of a database, its journal and its write-ahead log is noted on the way. One at a
// time; thread-safe.
class UnsyncedDisk {
 public:
  UnsyncedDisk();
  ~UnsyncedDisk();
  UnsyncedDisk(const UnsyncedDisk&) = delete;
  UnsyncedDisk& operator=(const UnsyncedDisk&) = delete;

  using Files = std::map<std::string, std::string>;  // contents by path

  // The files as they are after a power failure at this moment: what was synced, and of the rest nothing, or with
  // `chance` any part in any order, as disks write it.
  Files AfterPowerFailure(std::mt19937* chance = nullptr) const;

  int syncs() const;

  // For the functions that SQLite calls.
  void NoteOpened(const std::string& path);
  void NoteWritten(const std::string& path, sqlite3_int64 offset, std::string bytes);
  void NoteTruncated(const std::string& path, sqlite3_int64 size);
  void NoteSynced(const std::string& path);
  void NoteDeleted(const std::string& path);

 private:
  // A write of at most a sector, or without bytes the cutting of the file to `offset`.
  struct Change {
    size_t offset;
    std::optional<std::string> bytes;
  };
  struct File {
    std::string synced;
    std::vector<Change> unsynced;
    bool exists_for_sure = false;
  };

  static void Apply(const Change& change, std::string* content);

  mutable std::mutex mutex_;
  std::map<std::string, File> files_;
  int syncs_ = 0;
};

}  // namespace interaction::testing
