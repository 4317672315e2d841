#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace interaction::testing {

// An empty folder for one test, removed with everything in it when the object dies.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::string& path() const { return path_; }

  // The path of `name` in the folder, whether it exists or not.
  std::string File(absl::string_view name) const;

  // Writes `content` into the file `name`, over what was there, and returns its path.
  std::string Write(absl::string_view name, absl::string_view content) const;

 private:
  std::string path_;
};

}  // namespace interaction::testing
