#include "server/http/request_text.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace interaction::http {
namespace {

bool IsTokenCharacter(char c) { return absl::ascii_isalnum(c) || absl::StrContains("!#$%&'*+-.^_`|~", c); }

bool IsSafe(const Header& header) {
  constexpr absl::string_view kLineBreakers("\r\n\0", 3);
  return !header.name.empty() && std::all_of(header.name.begin(), header.name.end(), IsTokenCharacter) &&
         absl::string_view(header.value).find_first_of(kLineBreakers) == absl::string_view::npos;
}

bool IsVisible(char c) { return c > ' ' && c < '\x7f' && c != '#'; }

bool NamesAccept(const Header& header) { return absl::EqualsIgnoreCase(header.name, "accept"); }

}  // namespace

bool IsSendable(const Request& request) {
  return std::all_of(request.headers.begin(), request.headers.end(), IsSafe) &&
         std::all_of(request.url.begin(), request.url.end(), IsVisible);
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
