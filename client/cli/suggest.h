#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace interaction::cli {

// The candidate that `word` most likely means: one that begins with it, else the one with the fewest letters added,
// dropped or replaced, at most a third of the word. Empty if there is none.
//
//   ClosestTo("create", {"create-vsp", "health"}) == "create-vsp"
//   ClosestTo("create-vps", {"create-vsp", "health"}) == "create-vsp"
std::string ClosestTo(absl::string_view word, const std::vector<std::string>& candidates);

// "; did you mean 'create-vsp'?", or nothing.
std::string DidYouMean(absl::string_view word, const std::vector<std::string>& candidates);

}  // namespace interaction::cli
