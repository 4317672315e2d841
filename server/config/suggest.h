#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace interaction::config {

// The one of `paths` that `path` most likely misspells: the one with the smallest edit distance. A path that names only
// the last part ("listen") or the beginning ("server.lis") counts as similar, too. "" if none is similar enough to
// suggest.
std::string Nearest(absl::string_view path, const std::vector<std::string>& paths);

}  // namespace interaction::config
