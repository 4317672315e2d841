#include "server/base/guid.h"

#include "absl/strings/ascii.h"

namespace interaction {
namespace {

constexpr size_t kDigits = 32;
constexpr size_t kDashedLength = 36;

bool IsDashPosition(size_t i) { return i == 8 || i == 13 || i == 18 || i == 23; }

// 8-4-4-4-12 digits.
bool IsDashed(absl::string_view text) {
  if (text.size() != kDashedLength) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (IsDashPosition(i) ? text[i] != '-' : !absl::ascii_isxdigit(text[i])) return false;
  }
  return true;
}

bool IsPlain(absl::string_view text) {
  if (text.size() != kDigits) return false;
  for (const char c : text) {
    if (!absl::ascii_isxdigit(c)) return false;
  }
  return true;
}

std::string Dashed(absl::string_view plain) {
  std::string dashed;
  dashed.reserve(kDashedLength);
  for (const char c : plain) {
    if (IsDashPosition(dashed.size())) dashed.push_back('-');
    dashed.push_back(absl::ascii_tolower(c));
  }
  return dashed;
}

constexpr absl::string_view kNil = "00000000-0000-0000-0000-000000000000";

// "{" ... "}" or "(" ... ")" around the dashed form.
absl::string_view WithoutBrackets(absl::string_view text) {
  if (text.size() != kDashedLength + 2) return text;
  const bool braces = text.front() == '{' && text.back() == '}';
  const bool parentheses = text.front() == '(' && text.back() == ')';
  return braces || parentheses ? text.substr(1, kDashedLength) : text;
}

}  // namespace

absl::StatusOr<std::string> CanonicalGuid(absl::string_view text) {
  const absl::string_view bare = WithoutBrackets(absl::StripAsciiWhitespace(text));
  std::string guid;
  if (IsDashed(bare)) {
    guid = absl::AsciiStrToLower(bare);
  } else if (IsPlain(bare)) {
    guid = Dashed(bare);
  } else {
    return absl::InvalidArgumentError("must be a GUID such as 6925ebd4-125d-4338-a736-99f4b5bcb3d7");
  }
  if (guid == kNil) return absl::InvalidArgumentError("must be the GUID of something, not the all-zero one");
  return guid;
}

absl::StatusOr<std::string> CanonicalUuid(absl::string_view text) {
  if (!IsDashed(text)) {
    return absl::InvalidArgumentError("must be a UUID such as 7b8c4d3e-91d2-4a0b-8c5e-2f1a6b7c8d9e");
  }
  std::string uuid = absl::AsciiStrToLower(text);
  if (uuid == kNil)
    return absl::InvalidArgumentError("must be a UUID of its own, such as a random one, not the nil one");
  return uuid;
}

}  // namespace interaction
