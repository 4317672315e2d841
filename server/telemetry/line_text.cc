#include "server/telemetry/line_text.h"

#include <cstdint>
#include <string>

#include "server/base/json_text.h"

namespace interaction::telemetry {
namespace {

// The length of the well-formed UTF-8 character that `text` starts with (RFC 3629, section 4); 0 if it does not start
// with one.
size_t Utf8Length(absl::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const auto is_tail = [&](size_t i) { return i < text.size() && (byte(i) & 0xc0) == 0x80; };
  const uint8_t first = byte(0);
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4 || !is_tail(1)) return 0;
  if (first < 0xe0) return 2;
  const uint8_t second = byte(1);
  if (!is_tail(2) || (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f)) return 0;
  if (first < 0xf0) return 3;
  if (!is_tail(3) || (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f)) return 0;
  return 4;
}

// The text with U+FFFD in place of each byte that is not UTF-8, which would make the line invalid. `own` keeps the
// result if it is not the text itself.
absl::string_view AsUtf8(absl::string_view text, std::string* own) {
  size_t copied = 0;
  for (size_t i = 0; i < text.size();) {
    const size_t length = static_cast<uint8_t>(text[i]) < 0x80 ? 1 : Utf8Length(text.substr(i));
    if (length == 0) {
      own->append(text.data() + copied, i - copied).append("\xef\xbf\xbd");
      copied = i + 1;
    }
    i += length == 0 ? 1 : length;
  }
  if (copied == 0) return text;
  own->append(text.data() + copied, text.size() - copied);
  return *own;
}

}  // namespace

void LineText::AppendQuoted(absl::string_view text) {
  std::string own, escaped;
  if (!IsPlainJsonText(text)) {
    AppendJsonText(AsUtf8(text, &own), &escaped);
    text = escaped;
  }
  char* const to = Extend(text.size() + 2);
  if (to == nullptr) return;
  to[0] = '"';
  std::copy_n(text.data(), text.size(), to + 1);
  to[text.size() + 1] = '"';
}

void LineText::AppendMilliseconds(absl::Duration duration) {
  constexpr int64_t kThousand = 1000;
  const int64_t thousandths = (absl::ToInt64Nanoseconds(duration) + kThousand / 2) / kThousand;
  AppendNumber(thousandths / kThousand);
  const auto rest = static_cast<int>(thousandths % kThousand);
  if (rest <= 0) return;
  const char decimals[] = {'.', static_cast<char>('0' + rest / 100), static_cast<char>('0' + rest / 10 % 10),
                           static_cast<char>('0' + rest % 10)};
  Append(absl::string_view(decimals, rest % 10 != 0 ? 4 : rest % 100 != 0 ? 3 : 2));
}

}  // namespace interaction::telemetry
