#include "server/base/guid.h"

#include <array>
#include <string>

#include "absl/strings/ascii.h"

namespace interaction {
namespace {

constexpr size_t kPlainLength = 32;
constexpr absl::string_view kNil = "00000000-0000-0000-0000-000000000000";

// For each character the hexadecimal digit that it is, in lower case; 0 for all others.
constexpr std::array<char, 256> kDigit = [] {
  std::array<char, 256> digits{};
  for (char c = '0'; c <= '9'; ++c) digits[static_cast<size_t>(c)] = c;
  for (char c = 'a'; c <= 'f'; ++c) digits[static_cast<size_t>(c)] = digits[static_cast<size_t>(c - 'a' + 'A')] = c;
  return digits;
}();

// Digits, 8-4-4-4-12 of them with dashes between, or all in one; "" if it is neither.
std::string Canonical(absl::string_view text) {
  const bool dashed = text.size() == kNil.size();
  if (!dashed && text.size() != kPlainLength) return "";
  std::string guid(kNil);
  size_t next = 0;
  for (char& c : guid) {
    if (c == '-') {
      if (dashed && text[next++] != '-') return "";
    } else {
      c = kDigit[static_cast<unsigned char>(text[next++])];
      if (c == 0) return "";
    }
  }
  return guid;
}

// "{" ... "}" or "(" ... ")" around the dashed form.
absl::string_view WithoutBrackets(absl::string_view text) {
  if (text.size() != kNil.size() + 2) return text;
  const bool braces = text.front() == '{' && text.back() == '}';
  const bool parentheses = text.front() == '(' && text.back() == ')';
  return braces || parentheses ? text.substr(1, kNil.size()) : text;
}

}  // namespace

absl::StatusOr<std::string> CanonicalGuid(absl::string_view text) {
  const absl::string_view bare = WithoutBrackets(absl::StripAsciiWhitespace(text));
  std::string guid = Canonical(bare);
  if (guid.empty()) {
    return absl::InvalidArgumentError("must be a GUID such as 6925ebd4-125d-4338-a736-99f4b5bcb3d7");
  }
  if (guid == kNil) return absl::InvalidArgumentError("must be the GUID of something, not the all-zero one");
  return guid;
}

absl::StatusOr<std::string> CanonicalUuid(absl::string_view text) {
  std::string uuid = text.size() == kNil.size() ? Canonical(text) : "";
  if (uuid.empty()) {
    return absl::InvalidArgumentError("must be a UUID such as 7b8c4d3e-91d2-4a0b-8c5e-2f1a6b7c8d9e");
  }
  if (uuid == kNil)
    return absl::InvalidArgumentError("must be a UUID of its own, such as a random one, not the nil one");
  return uuid;
}

}  // namespace interaction
