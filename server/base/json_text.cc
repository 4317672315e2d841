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

// Sixteen characters, looked at in one go by the compiler's vectors.
using Sixteen __attribute__((vector_size(16))) = signed char;
constexpr size_t kAtOnce = sizeof(Sixteen);

// Whether they are ASCII that is written as it is. As signed numbers, those that are not ASCII are negative, and so
// below the space, as controls are.
bool ArePlain(const char* text) {
  Sixteen chars;
  memcpy(&chars, text, sizeof chars);
  const auto others = (chars < 0x20) | (chars == '"') | (chars == '\\');
  uint64_t halves[2];
  memcpy(halves, &others, sizeof halves);
  return (halves[0] | halves[1]) == 0;
}

bool NeedsCare(char c) { return kNeedsCare[static_cast<unsigned char>(c)]; }

// How many characters at the beginning of the text are written as they are.
size_t PlainLength(absl::string_view text) {
  size_t i = 0;
  while (i < text.size()) {
    if (i + kAtOnce <= text.size() && ArePlain(text.data() + i)) {
      i += kAtOnce;
      continue;
    }
    for (const size_t end = std::min(i + kAtOnce, text.size()); i < end; ++i) {
      if (NeedsCare(text[i])) return i;
    }
  }
  return i;
}

}  // namespace

void AppendJsonText(absl::string_view text, std::string* to) {
  if (IsPlainJsonText(text)) return void(to->append(text.data(), text.size()));
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
