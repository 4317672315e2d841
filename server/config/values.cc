#include "server/config/values.h"

#include <arpa/inet.h>
#include <sys/un.h>

#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace interaction::config {
namespace {

constexpr absl::string_view kPlaceholder = "{server}";

bool IsDigits(absl::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == absl::string_view::npos;
}

bool IsIpv4(absl::string_view text) {
  in_addr address;
  return inet_pton(AF_INET, std::string(text).c_str(), &address) == 1;
}

// A host that ends with a number must be an IPv4 address in four parts: no name ends with a number, and only some
// programs take "0177.1" for this machine.
bool EndsWithNumber(absl::string_view host) { return IsDigits(host.substr(host.rfind('.') + 1)); }

// A name or an IPv4 address. Underscores are not allowed in host names, but container networks use them.
bool IsHostName(absl::string_view host) {
  if (host.size() > 253) return false;
  if (EndsWithNumber(host)) return IsIpv4(host);
  for (absl::string_view label : absl::StrSplit(host, '.')) {
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
    for (char c : label) {
      if (!absl::ascii_isalnum(c) && c != '-' && c != '_') return false;
    }
  }
  return true;
}

bool IsIpv6(absl::string_view text) {
  in6_addr address;
  return inet_pton(AF_INET6, std::string(text).c_str(), &address) == 1;
}

bool IsPort(absl::string_view text, int min) { return IsDigits(text) && ParseInteger(text, min, 65535).has_value(); }

struct Authority {
  bool valid = false;
  absl::string_view port;  // empty: none
};

Authority SplitAuthority(absl::string_view text) {
  if (absl::ConsumePrefix(&text, "[")) {
    const size_t end = text.find(']');
    if (end == absl::string_view::npos || !IsIpv6(text.substr(0, end))) return {};
    text.remove_prefix(end + 1);
    if (text.empty()) return {.valid = true};
    if (text.size() < 2 || !absl::ConsumePrefix(&text, ":")) return {};
    return {.valid = true, .port = text};
  }
  const size_t colon = text.find(':');
  if (!IsHostName(text.substr(0, colon))) return {};
  if (colon == absl::string_view::npos) return {.valid = true};
  return {.valid = colon + 1 < text.size(), .port = text.substr(colon + 1)};
}

// The "host" or "host:port" of a URL.
bool IsUrlAuthority(absl::string_view text) {
  const Authority authority = SplitAuthority(text);
  return authority.valid && (authority.port.empty() || IsPort(authority.port, 1));
}

// The characters of RFC 3986 "path"; percent signs are not checked.
bool IsUrlPath(absl::string_view path) {
  for (char c : path) {
    if (!absl::ascii_isalnum(c) && !absl::StrContains("-._~!$&'()*+,;=:@%/", c)) return false;
  }
  return true;
}

// The characters of RFC 3986 "userinfo": libcurl expects the host after the first "@" and before "/", "?" and "#".
bool IsUserInfo(absl::string_view text) {
  for (char c : text) {
    if (!absl::ascii_isalnum(c) && !absl::StrContains("-._~!$&'()*+,;=:%", c)) return false;
  }
  return true;
}

bool ConsumeScheme(absl::string_view* url) {
  for (absl::string_view scheme : {"https://", "http://"}) {
    if (!absl::StartsWithIgnoreCase(*url, scheme)) continue;
    url->remove_prefix(scheme.size());
    return true;
  }
  return false;
}

// "HTTPS://Host/Path" -> "https://Host/Path", because other code compares the scheme with case.
std::string WithSchemeInLowerCase(absl::string_view url) {
  absl::string_view rest = url;
  if (!ConsumeScheme(&rest)) return std::string(url);
  return absl::StrCat(absl::AsciiStrToLower(url.substr(0, url.size() - rest.size())), rest);
}

bool IsListedHost(absl::string_view entry) {
  if (entry == "*" || IsIpv6(entry)) return true;
  return IsHostName(absl::StripPrefix(entry, "."));
}

std::vector<absl::string_view> ListedHosts(absl::string_view list) {
  return absl::StrSplit(list, absl::ByAnyChar(", \t"), absl::SkipEmpty());
}

std::string WhyNotListedHost(absl::string_view entry) {
  if (absl::StrContains(entry, "/")) return "networks and URLs are not supported";
  if (absl::StartsWith(entry, "*")) return absl::StrCat("write ", entry.substr(1), " for all hosts of a domain");
  if (absl::StartsWith(entry, "[")) return "write an IPv6 address without brackets here";
  if (absl::StrContains(entry, ":")) return "write a host without its port here";
  if (absl::EndsWith(entry, ".")) return "a host ends with a dot; remove it";
  return "";
}

std::string WhyNotUnixPath(absl::string_view path) {
  if (!absl::StartsWith(path, "/")) return "the path does not begin with /";
  return absl::StrCat("the path is longer than ", sizeof(sockaddr_un::sun_path) - 1, " characters");
}

std::string WhyNotPort(absl::string_view port) { return IsPort(port, 0) ? "" : "the port is not a number up to 65535"; }

// From the text between the brackets and the text after them.
std::string WhyNotBracketed(absl::string_view text) {
  const size_t end = text.find(']');
  if (end == absl::string_view::npos) return "the bracket is not closed";
  const absl::string_view address = text.substr(0, end);
  if (absl::StrContains(address, '%')) return "an IPv6 address with a zone is not supported";
  if (!IsIpv6(address)) return "the text in the brackets is not an IPv6 address";
  absl::string_view port = text.substr(end + 1);
  return port.empty() ? "the port is missing" : WhyNotPort(absl::StripPrefix(port, ":"));
}

// host, host:port or [IPv6]:port.
std::string WhyNotAuthority(absl::string_view text) {
  if (absl::ConsumePrefix(&text, "[")) return WhyNotBracketed(text);
  const size_t colon = text.find(':');
  const absl::string_view host = text.substr(0, colon);
  if (colon != absl::string_view::npos && absl::StrContains(text.substr(colon + 1), ':')) {
    return "write an IPv6 address in brackets: [::1]";
  }
  if (host.empty()) return "the host is missing";
  if (absl::EndsWith(host, ".")) return "the host ends with a dot; remove it";
  if (EndsWithNumber(host) && !IsIpv4(host)) return "the host ends with a number but is not an IPv4 address";
  if (!IsHostName(host)) return "the host is not a valid host name";
  return colon == absl::string_view::npos ? "" : WhyNotPort(text.substr(colon + 1));
}

// The part after the scheme.
std::string WhyNotWithoutScheme(absl::string_view rest) {
  if (const size_t at = rest.rfind('@'); at != absl::string_view::npos && !IsUserInfo(rest.substr(0, at))) {
    return "in a user and password, write @ : / ? # and % as %40 %3A %2F %3F %23 and %25";
  }
  const size_t end = rest.find_first_of("/?#");
  absl::string_view authority = rest.substr(0, end);
  if (const size_t at = authority.rfind('@'); at != absl::string_view::npos) authority.remove_prefix(at + 1);
  if (std::string why = WhyNotAuthority(authority); !why.empty()) return why;
  if (absl::StrContains(rest.substr(0, end), '@')) return "a user and password are not allowed here";
  if (rest.find_first_of("?#") != absl::string_view::npos) return "a query or fragment is not allowed here";
  return "";
}

// The parts of a text that may be shown: of a URL, those before and after the user and password.
struct Shown {
  absl::string_view scheme;
  absl::string_view rest;
};

Shown HideUser(absl::string_view text) {
  const size_t at = text.rfind('@');
  const size_t colon = text.find(':');
  if (at == absl::string_view::npos || colon > at || absl::StartsWith(text, "/")) return {"", text};
  const size_t end = text.find("://");
  return {end < at ? text.substr(0, end + 3) : "", text.substr(at)};
}

}  // namespace

std::optional<int> ParseInteger(absl::string_view text, int min, int max) {
  // SimpleAtoi also accepts surrounding blanks and a plus sign.
  if (!IsDigits(absl::StripPrefix(text, "-"))) return std::nullopt;
  int value;
  if (!absl::SimpleAtoi(text, &value) || value < min || value > max) return std::nullopt;
  return value;
}

std::optional<bool> ParseBoolean(absl::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return std::nullopt;
}

std::optional<absl::Duration> ParseTime(absl::string_view text, absl::Duration min, absl::Duration max) {
  absl::Duration value;
  // ParseDuration accepts "0" without a unit, "inf" and a sign.
  if (text.empty() || !absl::ascii_isdigit(text.front()) || !absl::ascii_isalpha(text.back())) return std::nullopt;
  if (!absl::ParseDuration(text, &value) || value < min || value > max) return std::nullopt;
  return value;
}

std::string FormatTime(absl::Duration time) { return time == absl::ZeroDuration() ? "0s" : absl::FormatDuration(time); }

std::optional<int> ParseSize(absl::string_view text, int min, int max) {
  int64_t unit = 1;
  if (absl::ConsumeSuffix(&text, "KiB")) {
    unit = 1 << 10;
  } else if (absl::ConsumeSuffix(&text, "MiB")) {
    unit = 1 << 20;
  }
  int64_t value;
  if (!IsDigits(text) || text.size() > 10 || !absl::SimpleAtoi(text, &value)) return std::nullopt;
  value *= unit;
  if (value < min || value > max) return std::nullopt;
  return static_cast<int>(value);
}

std::string FormatSize(int bytes) {
  if (bytes == 0 || bytes % (1 << 10) != 0) return absl::StrCat(bytes);
  if (bytes % (1 << 20) != 0) return absl::StrCat(bytes >> 10, "KiB");
  return absl::StrCat(bytes >> 20, "MiB");
}

namespace {

std::optional<std::string> ParseAddress(absl::string_view text, int min_port) {
  absl::string_view path = text;
  if (absl::ConsumePrefix(&path, "unix:")) {
    if (!absl::StartsWith(path, "/") || path.size() >= sizeof(sockaddr_un::sun_path)) return std::nullopt;
    return std::string(text);
  }
  const Authority authority = SplitAuthority(text);
  if (!authority.valid || !IsPort(authority.port, min_port)) return std::nullopt;
  if (absl::StartsWith(text, "unix-abstract:")) return std::nullopt;  // a form of gRPC's, not the name of a host
  return std::string(text);
}

}  // namespace

std::optional<std::string> ParseListen(absl::string_view text) { return ParseAddress(text, 0); }

std::optional<std::string> ParseConnect(absl::string_view text) {
  return text.empty() ? std::string() : ParseAddress(text, 1);
}

std::optional<std::string> ParseBaseUrl(absl::string_view text) {
  absl::string_view rest = text;
  if (!ConsumeScheme(&rest)) return std::nullopt;
  const size_t slash = rest.find('/');
  if (!IsUrlAuthority(rest.substr(0, slash))) return std::nullopt;
  if (slash != absl::string_view::npos && !IsUrlPath(rest.substr(slash))) return std::nullopt;
  return absl::StrCat(WithSchemeInLowerCase(text), absl::EndsWith(rest, "/") ? "" : "/");
}

std::optional<std::string> ParseBaseUrlTemplate(absl::string_view text) {
  const size_t at = text.find(kPlaceholder);
  if (at == absl::string_view::npos) return ParseBaseUrl(text);

  absl::string_view before = text.substr(0, at);
  const absl::string_view after = text.substr(at + kPlaceholder.size());
  // With a name in place of "{server}", it must be a URL; this also rejects a second placeholder.
  if (!ParseBaseUrl(absl::StrCat(before, "0", after)) || !ParseBaseUrl(absl::StrCat(before, "a", after))) {
    return std::nullopt;
  }
  if (!ConsumeScheme(&before) || before.find_first_of("/:[") != absl::string_view::npos) return std::nullopt;
  if (!absl::StrContains(after.substr(0, after.find_first_of("/:")), '.')) return std::nullopt;
  return absl::StrCat(WithSchemeInLowerCase(text), absl::EndsWith(after, "/") ? "" : "/");
}

std::optional<std::string> ParseHttpUrl(absl::string_view text) {
  if (text.empty()) return "";
  const size_t query = text.find('?');
  const absl::string_view parameters = query == text.npos ? "" : text.substr(query);
  const bool is_plain = std::all_of(parameters.begin(), parameters.end(), absl::ascii_isgraph);
  if (!is_plain || absl::StrContains(parameters, '#') || !ParseBaseUrl(text.substr(0, query))) return std::nullopt;
  return WithSchemeInLowerCase(text);
}

std::optional<std::string> ParseProxy(absl::string_view text) {
  if (text.empty()) return "";
  absl::string_view rest = text;
  if (absl::StartsWithIgnoreCase(rest, "https:") || !ConsumeScheme(&rest)) return std::nullopt;
  const size_t at = rest.rfind('@');
  if (at != absl::string_view::npos) {
    if (!IsUserInfo(rest.substr(0, at))) return std::nullopt;
    rest.remove_prefix(at + 1);
  }
  absl::ConsumeSuffix(&rest, "/");
  if (!IsUrlAuthority(rest)) return std::nullopt;
  return WithSchemeInLowerCase(text);
}

std::optional<std::string> ParseNoProxy(absl::string_view text) {
  for (absl::string_view entry : ListedHosts(text)) {
    if (!IsListedHost(entry)) return std::nullopt;
  }
  return std::string(text);
}

std::string WhyNotAddress(absl::string_view text) {
  absl::string_view rest = text;
  if (absl::ConsumePrefix(&rest, "unix:")) return WhyNotUnixPath(rest);
  if (absl::StartsWith(text, "unix-abstract:")) return "an abstract socket is not supported";
  return WhyNotAuthority(text);
}

std::string WhyNotUrl(absl::string_view text) {
  if (!ConsumeScheme(&text)) return "it begins with neither https:// nor http://";
  return WhyNotWithoutScheme(text);
}

std::string WhyNotProxy(absl::string_view text) {
  if (absl::StartsWithIgnoreCase(text, "https://")) {
    return "the gateway speaks to a proxy without TLS; what it sends to an https:// upstream is encrypted all the way";
  }
  if (!absl::StartsWithIgnoreCase(text, "http://")) return "it does not begin with http://";
  return WhyNotUrl(text);
}

std::string WhyNotUrlTemplate(absl::string_view text) {
  return WhyNotUrl(absl::StrReplaceAll(text, {{kPlaceholder, "a"}}));
}

std::string WhyNotNoProxy(absl::string_view text) {
  for (absl::string_view entry : ListedHosts(text)) {
    if (!IsListedHost(entry)) return absl::StrCat(Quote(entry), ": ", WhyNotListedHost(entry));
  }
  return "";
}

std::optional<std::string> ParseServerName(absl::string_view text) {
  std::string name = absl::AsciiStrToLower(text);
  if (name.size() > 2 && absl::StartsWith(name, "wv") && absl::ascii_isdigit(name[2])) name.erase(0, 2);
  if (name.empty() || name.size() > 32 || name.front() == '-' || name.back() == '-') return std::nullopt;
  for (char c : name) {
    if (!absl::ascii_isalnum(c) && c != '-') return std::nullopt;
  }
  return name;
}

std::string Quote(absl::string_view text) {
  const Shown shown = HideUser(text);
  std::string quoted = absl::StrCat("\"", shown.scheme, shown.rest.size() < text.size() ? "***" : "");
  for (char c : shown.rest) {
    if (c == '"' || c == '\\') {
      absl::StrAppend(&quoted, "\\", std::string(1, c));
    } else if (absl::ascii_iscntrl(c)) {
      absl::StrAppendFormat(&quoted, "\\x%02x", c);
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

}  // namespace interaction::config
