#include "server/auth/forwarded_certificate.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace interaction::auth {
namespace {

// Splits at a separator that is not within double quotes, where a backslash takes away the meaning of the next
// character. Nothing: a quotation does not end.
std::optional<std::vector<absl::string_view>> SplitOutsideQuotes(absl::string_view text, char separator) {
  std::vector<absl::string_view> parts;
  bool quoted = false;
  size_t start = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (quoted && text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (text[i] == separator && !quoted) {
      parts.push_back(text.substr(start, i - start));
      start = i + 1;
    }
  }
  if (quoted) return std::nullopt;
  parts.push_back(text.substr(start));
  return parts;
}

std::string Unquote(absl::string_view value) {
  if (value.size() < 2 || value.front() != '"' || value.back() != '"') return std::string(value);
  std::string text;
  for (size_t i = 1; i + 1 < value.size(); ++i) {
    if (value[i] == '\\' && i + 2 < value.size()) ++i;
    text += value[i];
  }
  return text;
}

}  // namespace

std::string ForwardedIdentity(absl::string_view header) {
  const auto elements = SplitOutsideQuotes(header, ',');
  if (!elements) return "";
  const auto pairs = SplitOutsideQuotes(elements->back(), ';');
  std::string uri, dns;
  for (const absl::string_view pair : *pairs) {
    const size_t equals = pair.find('=');
    if (equals == pair.npos) continue;
    const absl::string_view key = absl::StripAsciiWhitespace(pair.substr(0, equals));
    std::string value = Unquote(absl::StripAsciiWhitespace(pair.substr(equals + 1)));
    if (absl::EqualsIgnoreCase(key, "URI") && !value.empty()) {
      if (!uri.empty()) return "";
      uri = std::move(value);
    } else if (absl::EqualsIgnoreCase(key, "DNS") && dns.empty()) {
      dns = std::move(value);
    }
  }
  const std::string& identity = uri.empty() ? dns : uri;
  return std::all_of(identity.begin(), identity.end(), absl::ascii_isgraph) ? identity : "";
}

}  // namespace interaction::auth
