#include "server/redis/server_error.h"

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace interaction::redis {
namespace {

constexpr absl::string_view kExplanation = ": Redis refused the command";

struct Row {
  absl::string_view word;
  absl::StatusCode code;
};

constexpr Row kCodes[] = {
    {"NOSCRIPT", absl::StatusCode::kNotFound},         {"WRONGTYPE", absl::StatusCode::kFailedPrecondition},
    {"OOM", absl::StatusCode::kResourceExhausted},     {"NOAUTH", absl::StatusCode::kUnauthenticated},
    {"WRONGPASS", absl::StatusCode::kUnauthenticated}, {"NOPERM", absl::StatusCode::kPermissionDenied},
    {"READONLY", absl::StatusCode::kUnavailable},      {"LOADING", absl::StatusCode::kUnavailable},
    {"BUSY", absl::StatusCode::kUnavailable},          {"MASTERDOWN", absl::StatusCode::kUnavailable},
    {"MISCONF", absl::StatusCode::kUnavailable},       {"NOREPLICAS", absl::StatusCode::kUnavailable},
    {"MOVED", absl::StatusCode::kUnavailable},         {"ASK", absl::StatusCode::kUnavailable},
    {"TRYAGAIN", absl::StatusCode::kUnavailable},      {"CLUSTERDOWN", absl::StatusCode::kUnavailable},
};

// How Redis 7.0 and 7.2 begin the reply if a script's user lacks a permission.
bool IsAboutPermissions(absl::string_view text) {
  return absl::StartsWith(text, "ERR The user executing the script can't") ||
         absl::StartsWith(text, "ERR ACL failure in script");
}

// "ERR" if the text does not begin like an error of Redis: then its content is unknown.
absl::string_view LeadingWord(absl::string_view text) {
  const absl::string_view word = text.substr(0, text.find(' '));
  const bool sane = !word.empty() && word.size() <= 32 && std::all_of(word.begin(), word.end(), absl::ascii_isupper);
  return sane ? word : "ERR";
}

}  // namespace

absl::Status ServerError(absl::string_view text) {
  const absl::string_view word = IsAboutPermissions(text) ? "NOPERM" : LeadingWord(text);
  const auto* row = std::find_if(std::begin(kCodes), std::end(kCodes), [&](const Row& r) { return r.word == word; });
  const absl::StatusCode code = row == std::end(kCodes) ? absl::StatusCode::kInternal : row->code;
  return absl::Status(code, absl::StrCat(word, kExplanation));
}

bool IsRefusal(const absl::Status& status) { return absl::EndsWith(status.message(), kExplanation); }

absl::string_view WordOf(const absl::Status& status) {
  absl::string_view word = status.message();
  return absl::ConsumeSuffix(&word, kExplanation) && !absl::StrContains(word, ' ') ? word : "";
}

bool HasWord(const absl::Status& status, absl::string_view word) { return WordOf(status) == word; }

}  // namespace interaction::redis
