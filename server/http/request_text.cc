#include "server/http/request_text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/base/json_text.h"

namespace interaction::http {
namespace {

// Which characters may stand where; one look each, because every character of a request passes here.
enum CharacterClass : uint8_t { kInToken = 1, kInValue = 2, kInUrl = 4 };

constexpr std::array<uint8_t, 256> kClasses = [] {
  std::array<uint8_t, 256> classes = {};
  for (int c = 0; c < 256; ++c) {
    if (c != '\r' && c != '\n' && c != '\0') classes[c] |= kInValue;
    if (c > ' ' && c < 0x7f && c != '#') classes[c] |= kInUrl;
    const bool is_alphanumeric = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    if (is_alphanumeric) classes[c] |= kInToken;
  }
  for (const char c : std::string_view("!#$%&'*+-.^_`|~")) classes[static_cast<unsigned char>(c)] |= kInToken;
  return classes;
}();

bool IsAll(CharacterClass allowed, absl::string_view text) {
  uint8_t classes = allowed;
  for (const char c : text) classes &= kClasses[static_cast<unsigned char>(c)];
  return classes != 0;
}

bool IsSafe(const Header& header) {
  // Most values are plain text in any case, which is seen at sixteen characters at once.
  return !header.name.empty() && IsAll(kInToken, header.name) &&
         (IsPlainJsonText(header.value) || IsAll(kInValue, header.value));
}

bool NamesAccept(const Header& header) { return absl::EqualsIgnoreCase(header.name, "accept"); }

}  // namespace

bool IsSendable(const Request& request) {
  return std::all_of(request.headers.begin(), request.headers.end(), IsSafe) && IsAll(kInUrl, request.url);
}

void AppendRequest(const Request& request, const RequestTarget& target, std::string* text) {
  const absl::string_view slash =
      absl::StartsWith(target.target, "/") || absl::StrContains(target.target, "://") ? "" : "/";
  absl::StrAppend(text, "POST ", slash, target.target, " HTTP/1.1\r\nHost: ", target.host, "\r\n");
  if (std::none_of(request.headers.begin(), request.headers.end(), NamesAccept)) text->append("Accept: */*\r\n");
  for (const Header& header : request.headers) absl::StrAppend(text, header.name, ": ", header.value, "\r\n");
  if (!target.proxy_authorization.empty()) {
    absl::StrAppend(text, "Proxy-Authorization: ", target.proxy_authorization, "\r\n");
  }
  absl::StrAppend(text, "Content-Length: ", request.body.size(), "\r\n\r\n", request.body);
}

}  // namespace interaction::http
