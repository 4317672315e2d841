#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace interaction::config {

// The one of `paths` that `path` is most likely a misspelling of: the one with the fewest letters between them. A path
// that names only the last part ("listen") or the beginning ("server.lis") is near too. "" when none is near enough to
// be worth a guess.
std::string Nearest(absl::string_view path, const std::vector<std::string>& paths);

}  // namespace interaction::config
