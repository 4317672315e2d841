#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace interaction::http {

// The parts of an absolute URL that decide where it leads to.
struct Url {
  std::string scheme;  // "https" or "http"
  std::string host;    // lower case; an IPv6 literal without its brackets
  int port = 0;        // the scheme's when the URL names none
};

// A host as a URL has it: an IPv6 address in brackets.
std::string InBrackets(const std::string& host);

using QueryParameters = std::vector<std::pair<std::string, std::string>>;

// All three are pure. They read with libcurl's own parser, the one that will read the URL again when it is sent, so
// that nothing can mean one host here and another there. INVALID_ARGUMENT, with a message that does not repeat the URL,
// when it is not an absolute http or https URL, or names a user, a password or a fragment.

//   ParseUrl("https://API.example.com/x?y=1") == {"https", "api.example.com", 443}
absl::StatusOr<Url> ParseUrl(absl::string_view url);

// Shorthand for ParseUrl(url).host, for asserting that a URL built from parts leads where it was meant to.
absl::StatusOr<std::string> HostOf(absl::string_view url);

// The host and port of an absolute URL, as they are written: "example.com:8443".
absl::string_view AuthorityOf(absl::string_view url);

// "user:password" of a proxy's URL, decoded; "" when it names no user.
std::string UserInfoOf(const std::string& url);

// Appends to a base URL: path segments after its own, then the query, percent-encoded as in a form.
//
//   JoinUrl("https://example.com/base/", "api/add.php", {{"api", "add it"}}) ==
//   "https://example.com/base/api/add.php?api=add+it"
//
// INVALID_ARGUMENT also when the base has a query, or `path` has anything but letters, digits, "-", ".", "_", "~" and
// "/".
absl::StatusOr<std::string> JoinUrl(absl::string_view base, absl::string_view path, const QueryParameters& query);

}  // namespace interaction::http
