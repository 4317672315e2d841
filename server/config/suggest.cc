#include "server/config/suggest.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"

namespace interaction::config {
namespace {

absl::string_view LastPart(absl::string_view path) { return path.substr(path.rfind('.') + 1); }

// The Levenshtein distance: letters to insert, remove or replace.
size_t Distance(absl::string_view a, absl::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, replaced}));
    }
  }
  return row.back();
}

// Names that other programs use for a key.
struct OtherName {
  absl::string_view name;  // with a dot between its words
  absl::string_view path;
};
constexpr OtherName kOtherNames[] = {
    {"server.port", "server.listen"},
    {"server.address", "server.listen"},
    {"server.host", "server.listen"},
    {"server.bind", "server.listen"},
    {"port", "server.listen"},
    {"server.threads", "server.lanes"},
    {"server.workers", "server.lanes"},
    {"redis.host", "redis.address"},
    {"redis.port", "redis.address"},
    {"redis.url", "redis.address"},
    {"server.grpc.port", "server.listen"},
};

}  // namespace

std::string Nearest(absl::string_view path, const std::vector<std::string>& paths) {
  constexpr size_t kLongest = 100;  // a longer path is no misspelling
  if (path.size() > kLongest) return "";
  const std::string words = absl::StrReplaceAll(path, {{"_", "."}});
  for (const OtherName& other : kOtherNames) {
    if (words == other.name && std::find(paths.begin(), paths.end(), other.path) != paths.end()) {
      return std::string(other.path);
    }
  }

  std::pair<size_t, size_t> best = {std::max<size_t>(2, path.size() / 4) + 1, 0};
  std::string nearest;
  for (const std::string& candidate : paths) {
    const bool is_start = path.size() >= 4 && absl::StartsWith(candidate, path);
    const size_t whole = is_start ? 1 : Distance(path, candidate);
    const size_t last = Distance(LastPart(path), LastPart(candidate)) + 1;  // 1: for a section that is wrong or missing
    const std::pair<size_t, size_t> score = {std::min(whole, last), whole};
    if (score < best) {
      best = score;
      nearest = candidate;
    }
  }
  return nearest;
}

}  // namespace interaction::config
