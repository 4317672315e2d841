#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace interaction::config {

// A folder of its own for one test, gone with it.
class TempFolder {
 public:
  TempFolder() : path_(::testing::TempDir() + "/config.XXXXXX") { EXPECT_NE(mkdtemp(path_.data()), nullptr); }
  ~TempFolder() { std::filesystem::remove_all(path_); }
  TempFolder(const TempFolder&) = delete;

  std::string Path(absl::string_view name) const { return absl::StrCat(path_, "/", name); }

  // Writes the file and returns its path.
  std::string Write(absl::string_view name, absl::string_view content) const {
    std::ofstream(Path(name), std::ios::binary).write(content.data(), content.size());
    return Path(name);
  }

  // The message of a status, line by line, with paths relative to this folder.
  std::vector<std::string> Lines(const absl::Status& status) const {
    return absl::StrSplit(absl::StrReplaceAll(status.message(), {{path_ + "/", ""}}), '\n');
  }

 private:
  std::string path_;
};

}  // namespace interaction::config
