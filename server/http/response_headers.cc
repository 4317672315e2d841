#include "server/http/response_headers.h"

#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace interaction::http {
namespace {

std::string* FieldFor(absl::string_view name, Response* response) {
  if (absl::EqualsIgnoreCase(name, "content-type")) return &response->content_type;
  if (absl::EqualsIgnoreCase(name, "retry-after")) return &response->retry_after;
  if (absl::EqualsIgnoreCase(name, "location")) return &response->location;
  return nullptr;
}

// "timeout=5, max=100" -> 5 s. By RFC 2068, section 19.7.1.1, and what Apache, nginx and Node.js send.
std::optional<absl::Duration> TimeoutIn(absl::string_view keep_alive) {
  for (const absl::string_view part : absl::StrSplit(keep_alive, ',')) {
    const std::pair<absl::string_view, absl::string_view> parameter = absl::StrSplit(part, absl::MaxSplits('=', 1));
    int seconds = 0;
    if (absl::EqualsIgnoreCase(absl::StripAsciiWhitespace(parameter.first), "timeout") &&
        absl::SimpleAtoi(parameter.second, &seconds) && seconds >= 0) {
      return absl::Seconds(seconds);
    }
  }
  return std::nullopt;
}

}  // namespace

void TakeHeader(absl::string_view name, absl::string_view value, Response* response,
                std::optional<absl::Duration>* keep_alive) {
  if (std::string* const field = FieldFor(name, response)) field->assign(value.data(), value.size());
  if (absl::EqualsIgnoreCase(name, "keep-alive")) *keep_alive = TimeoutIn(value);
}

}  // namespace interaction::http
