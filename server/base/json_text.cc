#include "server/base/json_text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "absl/strings/match.h"

namespace interaction {
namespace {

constexpr char kHex[] = "0123456789abcdef";

void AppendEscape(unsigned char c, std::string* out) {
  switch (c) {
    case '"':
      return void(out->append("\\\""));
    case '\\':
      return void(out->append("\\\\"));
    case '\b':
      return void(out->append("\\b"));
    case '\f':
      return void(out->append("\\f"));
    case '\n':
      return void(out->append("\\n"));
    case '\r':
      return void(out->append("\\r"));
    case '\t':
      return void(out->append("\\t"));
    default:
      out->append("\\u00");
      out->push_back(kHex[c >> 4]);
      out->push_back(kHex[c & 15]);
  }
}

// U+2028 and U+2029 are E2 80 A8 and E2 80 A9.
bool IsLineSeparator(absl::string_view rest) {
  return absl::StartsWith(rest, "\xe2\x80\xa8") || absl::StartsWith(rest, "\xe2\x80\xa9");
}

bool IsEscaped(unsigned char c) { return c < 0x20 || c == '"' || c == '\\'; }

// Characters that are escaped, or begin one that is. Most are neither: one look tells.
constexpr unsigned char kFirstOfLineSeparator = 0xe2;
constexpr std::array<bool, 256> kNeedsCare = [] {
  std::array<bool, 256> needs_care = {};
  for (int c = 0; c < 256; ++c) needs_care[c] = c < 0x20 || c == '"' || c == '\\' || c == kFirstOfLineSeparator;
  return needs_care;
}();

constexpr uint64_t kOnes = 0x0101010101010101, kHighBits = 0x8080808080808080;

uint64_t WordAt(const char* eight) {
  uint64_t word;
  memcpy(&word, eight, sizeof word);
  return word;
}

// Whether any of eight characters needs care, by the arithmetic of bytes in a word: taking one from a byte that is
// zero, or 0x20 from one that is smaller, sets its highest bit.
bool AnyNeedsCare(uint64_t word) {
  const auto has = [&](unsigned char c) {
    const uint64_t difference = word ^ (kOnes * c);
    return (difference - kOnes) & ~difference;
  };
  const uint64_t is_control = (word - kOnes * 0x20) & ~word;
  return ((is_control | has('"') | has('\\') | has(kFirstOfLineSeparator)) & kHighBits) != 0;
}

// Whether sixteen characters are ASCII that is written as it is, by the compiler's vectors. As signed numbers, those
// that are not ASCII are negative, and so below the space, as controls are.
using Sixteen __attribute__((vector_size(16))) = signed char;
bool ArePlain(const char* text) {
  Sixteen chars;
  memcpy(&chars, text, sizeof chars);
  const auto others = (chars < 0x20) | (chars == '"') | (chars == '\\');
  uint64_t halves[2];
  memcpy(halves, &others, sizeof halves);
  return (halves[0] | halves[1]) == 0;
}

// How many characters at the beginning of the text are written as they are.
size_t PlainLength(absl::string_view text) {
  const size_t size = text.size();
  size_t i = 0;
  while (i + 8 <= size && !AnyNeedsCare(WordAt(text.data() + i))) i += 8;
  // What is left of a long text is looked at with the characters before it, which need no care.
  if (i + 8 > size && size >= 8 && !AnyNeedsCare(WordAt(text.data() + size - 8))) return size;
  while (i < size && !kNeedsCare[static_cast<unsigned char>(text[i])]) ++i;
  return i;
}

}  // namespace

void AppendJsonText(absl::string_view text, std::string* to) {
  while (!text.empty()) {
    const size_t plain = PlainLength(text);
    to->append(text.data(), plain);
    text.remove_prefix(plain);
    if (text.empty()) return;
    size_t taken = 1;
    if (IsEscaped(static_cast<unsigned char>(text[0]))) {
      AppendEscape(static_cast<unsigned char>(text[0]), to);
    } else if (IsLineSeparator(text)) {
      to->append(text[2] == '\xa8' ? "\\u2028" : "\\u2029");
      taken = 3;
    } else {
      to->push_back(text[0]);
    }
    text.remove_prefix(taken);
  }
}

bool IsPlainJsonText(absl::string_view text) {
  constexpr size_t kAtOnce = sizeof(Sixteen);
  const size_t size = text.size();
  if (size < kAtOnce) {
    char padded[kAtOnce];
    memset(padded, ' ', sizeof padded);
    std::copy(text.begin(), text.end(), padded);
    return ArePlain(padded);
  }
  for (size_t i = 0; i + kAtOnce <= size; i += kAtOnce) {
    if (!ArePlain(text.data() + i)) return false;
  }
  // What is left is looked at with the characters before it.
  return ArePlain(text.data() + size - kAtOnce);
}

}  // namespace interaction
