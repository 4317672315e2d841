#include "server/app/file_watch.h"

#include <sys/stat.h>

#include "absl/strings/str_cat.h"

namespace interaction::app {

std::string StampOf(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return "";
  return absl::StrCat(info.st_dev, " ", info.st_ino, " ", info.st_size, " ", info.st_mtim.tv_sec, ".",
                      info.st_mtim.tv_nsec, " ", info.st_ctim.tv_sec, ".", info.st_ctim.tv_nsec);
}

namespace {

// The file system's clock may be behind by a tick of the kernel, which is 10 ms at most.
constexpr absl::Duration kTick = absl::Milliseconds(10);

bool ChangedSince(const std::string& path, absl::Time time) {
  struct stat info;
  return stat(path.c_str(), &info) == 0 && absl::TimeFromTimespec(info.st_ctim) > time - kTick;
}

}  // namespace

void FileWatch::Watch(const std::vector<std::string>& paths, absl::Time read_at) {
  reported_.clear();
  seen_.clear();
  for (const std::string& path : paths) {
    seen_[path] = StampOf(path);
    reported_[path] = ChangedSince(path, read_at) ? "another" : seen_[path];
  }
}

std::vector<std::string> FileWatch::TakeChanges() {
  std::map<std::string, std::string> now;
  for (const auto& [path, stamp] : reported_) now[path] = StampOf(path);
  const bool is_at_rest = now == seen_;
  seen_ = std::move(now);
  if (!is_at_rest || seen_ == reported_) return {};
  std::vector<std::string> changed;
  for (const auto& [path, stamp] : seen_) {
    if (reported_[path] != stamp) changed.push_back(path);
  }
  reported_ = seen_;
  return changed;
}

}  // namespace interaction::app
