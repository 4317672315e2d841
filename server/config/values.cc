#include "server/config/values.h"

#include <arpa/inet.h>
#include <sys/un.h>

#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace interaction::config {
namespace {

constexpr absl::string_view kPlaceholder = "{server}";

bool IsDigits(absl::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == absl::string_view::npos;
}

// A name or an IPv4 address. Underscores are no host name's, but container networks have them.
bool IsHostName(absl::string_view host) {
  if (host.size() > 253) return false;
  for (absl::string_view label : absl::StrSplit(host, '.')) {
    if (label.empty() || label.size() > 63) return false;
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

// host or host:port, of a URL.
bool IsUrlAuthority(absl::string_view text) {
  const Authority authority = SplitAuthority(text);
  return authority.valid && (authority.port.empty() || IsPort(authority.port, 1));
}

// The characters of RFC 3986 "path"; a percent sign is left to the one who wrote it.
bool IsUrlPath(absl::string_view path) {
  for (char c : path) {
    if (!absl::ascii_isalnum(c) && !absl::StrContains("-._~!$&'()*+,;=:@%/", c)) return false;
  }
  return true;
}

bool ConsumeScheme(absl::string_view* url) {
  return absl::ConsumePrefix(url, "https://") || absl::ConsumePrefix(url, "http://");
}

// The parts of a text that may be shown: of a URL, what stands before and after the user and password.
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
  // SimpleAtoi also takes blanks around and a plus sign.
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
  // ParseDuration takes "0" without a unit, "inf" and a sign.
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

std::optional<std::string> ParseListen(absl::string_view text) {
  absl::string_view path = text;
  if (absl::ConsumePrefix(&path, "unix:")) {
    if (!absl::StartsWith(path, "/") || path.size() >= sizeof(sockaddr_un::sun_path)) return std::nullopt;
    return std::string(text);
  }
  const Authority authority = SplitAuthority(text);
  if (!authority.valid || !IsPort(authority.port, 0)) return std::nullopt;
  return std::string(text);
}

std::optional<std::string> ParseBaseUrl(absl::string_view text) {
  absl::string_view rest = text;
  if (!ConsumeScheme(&rest)) return std::nullopt;
  const size_t slash = rest.find('/');
  if (!IsUrlAuthority(rest.substr(0, slash))) return std::nullopt;
  if (slash != absl::string_view::npos && !IsUrlPath(rest.substr(slash))) return std::nullopt;
  return absl::StrCat(text, absl::EndsWith(rest, "/") ? "" : "/");
}

std::optional<std::string> ParseBaseUrlTemplate(absl::string_view text) {
  const size_t at = text.find(kPlaceholder);
  if (at == absl::string_view::npos) return ParseBaseUrl(text);

  absl::string_view before = text.substr(0, at);
  const absl::string_view after = text.substr(at + kPlaceholder.size());
  // With a name in its place it must be a URL; a second placeholder fails here too.
  if (!ParseBaseUrl(absl::StrCat(before, "0", after))) return std::nullopt;
  if (!ConsumeScheme(&before) || before.find_first_of("/:[") != absl::string_view::npos) return std::nullopt;
  if (!absl::StrContains(after.substr(0, after.find_first_of("/:")), '.')) return std::nullopt;
  return absl::StrCat(text, absl::EndsWith(after, "/") ? "" : "/");
}

std::optional<std::string> ParseProxy(absl::string_view text) {
  if (text.empty()) return "";
  absl::string_view rest = text;
  if (!ConsumeScheme(&rest)) return std::nullopt;
  for (char c : rest) {
    if (!absl::ascii_isgraph(c)) return std::nullopt;
  }
  const size_t at = rest.rfind('@');
  if (at != absl::string_view::npos) rest.remove_prefix(at + 1);
  absl::ConsumeSuffix(&rest, "/");
  if (!IsUrlAuthority(rest)) return std::nullopt;
  return std::string(text);
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
