#include "tests/support/volume.h"

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"

namespace interaction::testing {

namespace fs = std::filesystem;

void Volume::Replace(const std::map<std::string, std::string>& files) {
  files_ = files;
  const fs::path root = dir_.path();
  const std::string version = absl::StrCat("..version-", ++version_);
  fs::create_directory(root / version);
  for (const auto& [name, content] : files) {
    std::ofstream(root / version / name, std::ios::binary) << content;
    if (!fs::is_symlink(root / name)) fs::create_symlink(fs::path("..data") / name, root / name);
  }
  fs::remove(root / "..data_tmp");
  fs::create_symlink(version, root / "..data_tmp");
  fs::rename(root / "..data_tmp", root / "..data");
  if (version_ > 1) fs::remove_all(root / absl::StrCat("..version-", version_ - 1));
}

void Volume::Put(const std::string& name, const std::string& content) {
  std::map<std::string, std::string> files = files_;
  files[name] = content;
  Replace(files);
}

void Volume::Remove(const std::string& name) {
  std::map<std::string, std::string> files = files_;
  files.erase(name);
  Replace(files);
}

}  // namespace interaction::testing
