#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace interaction::app {

// What tells one content of a file from another, without reading it: which file it is, its size, and when it was
// changed. "": there is no such file. It follows symbolic links, by which Kubernetes replaces all files of a volume at
// once.
std::string StampOf(const std::string& path);

// Looks whether files change. Not thread-safe.
class FileWatch {
 public:
  // From now on, these files, which were read after `read_at`: one that has changed since counts as changed.
  void Watch(const std::vector<std::string>& paths, absl::Time read_at);

  // The files that have changed since they were reported last, once all of them have stayed the same from one call to
  // the next: whoever replaces several files gets the time between two calls to do so. Empty: none, or not yet.
  std::vector<std::string> TakeChanges();

 private:
  std::map<std::string, std::string> reported_;  // stamps by path
  std::map<std::string, std::string> seen_;      // at the last call
};

}  // namespace interaction::app
