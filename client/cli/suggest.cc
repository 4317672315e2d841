#include "client/cli/suggest.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace interaction::cli {
namespace {

// Levenshtein's distance, one row of the matrix at a time.
size_t Distance(absl::string_view a, absl::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i + 1);
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t replaced = diagonal + (a[i] != b[j]);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string ClosestTo(absl::string_view word, const std::vector<std::string>& candidates) {
  if (word.empty()) return "";
  for (const std::string& candidate : candidates) {
    if (absl::StartsWith(candidate, word)) return candidate;
  }
  std::string closest;
  size_t smallest = std::max<size_t>(word.size() / 3, 1) + 1;
  for (const std::string& candidate : candidates) {
    const size_t distance = Distance(word, candidate);
    if (distance >= smallest) continue;
    smallest = distance;
    closest = candidate;
  }
  return closest;
}

std::string DidYouMean(absl::string_view word, const std::vector<std::string>& candidates) {
  const std::string closest = ClosestTo(word, candidates);
  return closest.empty() ? "" : absl::StrCat("; did you mean '", closest, "'?");
}

}  // namespace interaction::cli
