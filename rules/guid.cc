#include "rules/guid.h"

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>

#include "absl/strings/ascii.h"

namespace interaction {
namespace {

constexpr size_t kPlainLength = 32;
constexpr size_t kDashes[] = {8, 13, 18, 23};  // their positions
constexpr absl::string_view kNil = "00000000-0000-0000-0000-000000000000";

// Maps each hexadecimal digit to its lower-case form, and every other character to 0.
constexpr std::array<char, 256> kDigits = [] {
  std::array<char, 256> digits{};
  for (char c = '0'; c <= '9'; ++c) digits[static_cast<size_t>(c)] = c;
  for (char c = 'a'; c <= 'f'; ++c) digits[static_cast<size_t>(c)] = digits[static_cast<size_t>(c - 'a' + 'A')] = c;
  return digits;
}();

// All bits of the characters that are dashes.
constexpr std::array<signed char, Guid::kLength> kDashBits = [] {
  std::array<signed char, Guid::kLength> bits{};
  for (const size_t place : kDashes) bits[place] = -1;
  return bits;
}();

// Sixteen characters, looked at in one go by the compiler's vectors.
using Sixteen __attribute__((vector_size(16))) = signed char;

// Not zero where the sixteen characters from the given one on differ from the canonical form.
Sixteen Differences(const char* text, size_t from) {
  Sixteen chars, dashes;
  memcpy(&chars, text + from, sizeof chars);
  memcpy(&dashes, &kDashBits[from], sizeof dashes);
  const Sixteen digits = ((chars >= '0') & (chars <= '9')) | ((chars >= 'a') & (chars <= 'f'));
  return ~((dashes & (chars == '-')) | (~dashes & digits));
}

// Of 36 characters. Nearly all GUIDs are, so that it spares the slower way, several times a call.
bool IsCanonical(const char* text) {
  constexpr size_t kSize = sizeof(Sixteen);
  const Sixteen all = Differences(text, 0) | Differences(text, kSize) | Differences(text, Guid::kLength - kSize);
  uint64_t halves[2];
  memcpy(halves, &all, sizeof halves);
  return (halves[0] | halves[1]) == 0;
}

// 8-4-4-4-12 digits.
std::optional<Guid> ReadDashed(absl::string_view text) {
  std::array<char, Guid::kLength> guid;
  if (text.size() != guid.size()) return std::nullopt;
  const char* const in = text.data();
  char* const out = guid.data();
  if (IsCanonical(in)) {
    memcpy(out, in, guid.size());
    return Guid(guid);
  }
  for (size_t i = 0; i < Guid::kLength; ++i) out[i] = kDigits[static_cast<unsigned char>(in[i])];
  for (const size_t place : kDashes) out[place] = in[place] == '-' ? '-' : 0;
  if (memchr(out, 0, guid.size()) != nullptr) return std::nullopt;
  return Guid(guid);
}

// 32 digits.
std::optional<Guid> ReadPlain(absl::string_view text) {
  if (text.size() != kPlainLength) return std::nullopt;
  std::string dashed(text);
  for (const size_t place : kDashes) dashed.insert(place, 1, '-');
  return ReadDashed(dashed);
}

// "{" ... "}" or "(" ... ")" around the dashed form.
absl::string_view WithoutBrackets(absl::string_view text) {
  if (text.size() != Guid::kLength + 2) return text;
  const bool braces = text.front() == '{' && text.back() == '}';
  const bool parentheses = text.front() == '(' && text.back() == ')';
  return braces || parentheses ? text.substr(1, Guid::kLength) : text;
}

}  // namespace

absl::StatusOr<Guid> CanonicalGuid(absl::string_view text) {
  std::optional<Guid> guid = ReadDashed(text);
  if (!guid) {
    const absl::string_view bare = WithoutBrackets(absl::StripAsciiWhitespace(text));
    guid = bare.size() == kPlainLength ? ReadPlain(bare) : ReadDashed(bare);
  }
  if (!guid) return absl::InvalidArgumentError("must be a GUID such as 6925ebd4-125d-4338-a736-99f4b5bcb3d7");
  if (*guid == kNil) return absl::InvalidArgumentError("must not be the all-zero GUID");
  return *guid;
}

absl::StatusOr<Guid> CanonicalUuid(absl::string_view text) {
  const std::optional<Guid> uuid = ReadDashed(text);
  if (!uuid) return absl::InvalidArgumentError("must be a UUID such as 7b8c4d3e-91d2-4a0b-8c5e-2f1a6b7c8d9e");
  if (*uuid == kNil) {
    return absl::InvalidArgumentError("must not be the nil UUID; use a random one");
  }
  return *uuid;
}

}  // namespace interaction
