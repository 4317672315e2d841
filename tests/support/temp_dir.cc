#include "tests/support/temp_dir.h"

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "tests/support/require.h"

namespace interaction::testing {

TempDir::TempDir() : path_((std::filesystem::temp_directory_path() / "interaction-XXXXXX").string()) {
  Require(mkdtemp(path_.data()) != nullptr, "mkdtemp");
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TempDir::File(absl::string_view name) const { return absl::StrCat(path_, "/", name); }

std::string TempDir::Write(absl::string_view name, absl::string_view content) const {
  std::string path = File(name);
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(content.data(), static_cast<std::streamsize>(content.size()));
  file.close();
  Require(file.good(), path.c_str());
  return path;
}

}  // namespace interaction::testing
