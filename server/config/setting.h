#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"

namespace interaction::config {

// One value that a source sets for one key.
struct Setting {
  std::string path;                 // "server.listen", "wolkvox.token_files.0042"
  std::string origin;               // "config.yaml:12", "INTERACTION_SERVER__LISTEN", "--set"
  std::vector<std::string> values;  // one; for a list, any number
};

// Where the value of a key came from; a key with its default value is not listed.
using Origins = std::map<std::string, std::string>;

inline std::string OriginOf(const std::string& path, const Origins& origins) {
  const auto origin = origins.find(path);
  return origin == origins.end() ? "default" : origin->second;
}

// All mistakes, so that they can be reported together, and warnings.
class Problems {
 public:
  // One line, "origin: path: what"; origin or path may be empty.
  void Add(absl::string_view origin, absl::string_view path, absl::string_view what) {
    lines_.push_back(Line(origin, path, what));
    paths_.emplace(path);
  }
  void AddWarning(absl::string_view origin, absl::string_view path, absl::string_view what) {
    warnings_.push_back(Line(origin, path, what));
  }

  // Whether there is a line about the key.
  bool Has(const std::string& path) const { return paths_.count(path) != 0; }

  // OK, or INVALID_ARGUMENT with the lines in the order in which they were found.
  absl::Status ToStatus() const {
    return lines_.empty() ? absl::OkStatus() : absl::InvalidArgumentError(absl::StrJoin(lines_, "\n"));
  }
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  static std::string Line(absl::string_view origin, absl::string_view path, absl::string_view what) {
    return absl::StrCat(origin, origin.empty() ? "" : ": ", path, path.empty() ? "" : ": ", what);
  }

  std::vector<std::string> lines_;
  std::vector<std::string> warnings_;
  std::set<std::string> paths_;
};

}  // namespace interaction::config
