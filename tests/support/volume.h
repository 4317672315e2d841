#pragma once

#include <map>
#include <string>

#include "absl/strings/string_view.h"
#include "tests/support/temp_dir.h"

namespace interaction::testing {

// A folder of files that are replaced all at once, as Kubernetes does with a volume of a Secret or ConfigMap: each file
// is a symbolic link into ..data, which is a symbolic link to the folder of the current version.
class Volume {
 public:
  explicit Volume(const std::map<std::string, std::string>& files) { Replace(files); }

  // From now on the volume holds these files, and no others.
  void Replace(const std::map<std::string, std::string>& files);

  // The same files but for one.
  void Put(const std::string& name, const std::string& content);
  void Remove(const std::string& name);

  // The path of a file, whatever its version.
  std::string File(absl::string_view name) const { return dir_.File(name); }

 private:
  const TempDir dir_;
  std::map<std::string, std::string> files_;
  int version_ = 0;
};

}  // namespace interaction::testing
