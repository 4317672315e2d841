#include "server/http/url.h"

#include <curl/curl.h>

#include <algorithm>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/base/status_macros.h"
#include "server/http/curl_handles.h"

namespace interaction::http {
namespace {

absl::Status NotAUrl() {
  return absl::InvalidArgumentError("must be an absolute http or https URL without user and fragment");
}

// A part of the URL, or nothing when it has none.
std::optional<std::string> Part(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return std::nullopt;
  std::string result = text;
  curl_free(text);
  return result;
}

absl::StatusOr<UrlHandle> Read(absl::string_view text) {
  if (text.find('\0') != text.npos) return NotAUrl();
  UrlHandle url(curl_url());
  if (url == nullptr) return absl::ResourceExhaustedError("out of memory");
  if (curl_url_set(url.get(), CURLUPART_URL, std::string(text).c_str(), CURLU_DISALLOW_USER) != CURLUE_OK)
    return NotAUrl();
  const std::string scheme = Part(url.get(), CURLUPART_SCHEME).value_or("");
  if (scheme != "https" && scheme != "http") return NotAUrl();
  // libcurl makes sense of "https:example.com", "https:///example.com" and the like; here only the full spelling is
  // taken.
  const std::string prefix = absl::StrCat(scheme, "://");
  if (!absl::StartsWithIgnoreCase(text, prefix) || absl::StartsWith(text.substr(prefix.size()), "/")) return NotAUrl();
  if (Part(url.get(), CURLUPART_FRAGMENT) || Part(url.get(), CURLUPART_ZONEID)) return NotAUrl();
  return url;
}

bool IsPathCharacter(char c) { return absl::ascii_isalnum(c) || absl::StrContains("-._~/", c); }

}  // namespace

absl::StatusOr<Url> ParseUrl(absl::string_view url) {
  ASSIGN_OR_RETURN(const UrlHandle handle, Read(url));
  Url result;
  result.scheme = *Part(handle.get(), CURLUPART_SCHEME);
  result.host = absl::AsciiStrToLower(Part(handle.get(), CURLUPART_HOST).value_or(""));
  if (absl::StartsWith(result.host, "[")) result.host = result.host.substr(1, result.host.size() - 2);
  const std::string port = Part(handle.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT).value_or("");
  if (result.host.empty() || !absl::SimpleAtoi(port, &result.port)) return NotAUrl();
  return result;
}

absl::StatusOr<std::string> HostOf(absl::string_view url) {
  ASSIGN_OR_RETURN(Url parts, ParseUrl(url));
  return std::move(parts.host);
}

absl::string_view AuthorityOf(absl::string_view url) {
  const size_t start = url.find("://") + 3;
  return url.substr(start, url.find('/', start) - start);
}

std::string InBrackets(const std::string& host) {
  return absl::StrContains(host, ':') ? absl::StrCat("[", host, "]") : host;
}

std::string UserInfoOf(const std::string& url) {
  const UrlHandle handle(curl_url());
  if (handle == nullptr || curl_url_set(handle.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) return "";
  const std::optional<std::string> user = Part(handle.get(), CURLUPART_USER, CURLU_URLDECODE);
  const std::optional<std::string> password = Part(handle.get(), CURLUPART_PASSWORD, CURLU_URLDECODE);
  return user ? absl::StrCat(*user, ":", password.value_or("")) : "";
}

absl::StatusOr<std::string> JoinUrl(absl::string_view base, absl::string_view path, const QueryParameters& query) {
  if (!std::all_of(path.begin(), path.end(), IsPathCharacter)) {
    return absl::InvalidArgumentError("a path may contain only letters, digits and -._~/");
  }
  ASSIGN_OR_RETURN(const UrlHandle url, Read(base));
  if (Part(url.get(), CURLUPART_QUERY)) return absl::InvalidArgumentError("a base URL must not have a query");
  const std::string own_path = Part(url.get(), CURLUPART_PATH).value_or("/");
  const std::string joined = absl::StrCat(absl::StripSuffix(own_path, "/"), "/", absl::StripPrefix(path, "/"));
  CURLUcode code = curl_url_set(url.get(), CURLUPART_PATH, joined.c_str(), 0);
  for (const auto& [name, value] : query) {
    if (code != CURLUE_OK) break;
    code = curl_url_set(url.get(), CURLUPART_QUERY, absl::StrCat(name, "=", value).c_str(),
                        CURLU_APPENDQUERY | CURLU_URLENCODE);
  }
  std::optional<std::string> text = Part(url.get(), CURLUPART_URL);
  if (code != CURLUE_OK || !text) return NotAUrl();
  // Read back, so that what leaves here surely parses.
  RETURN_IF_ERROR(Read(*text).status());
  return *std::move(text);
}

}  // namespace interaction::http
