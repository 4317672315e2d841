#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace interaction::telemetry {

// The text of a log line while it is written: on the stack and of limited length, because every call writes one, of
// some hundred pieces.
class LineText {
 public:
  static constexpr size_t kCapacity = 4096;

  void Append(absl::string_view text) {
    if (char* const to = Extend(text.size())) std::copy_n(text.data(), text.size(), to);
  }
  void Append(char c) {
    if (char* const to = Extend(1)) *to = c;
  }

  // A key, and the literals before and after it.
  template <size_t kBefore, size_t kAfter>
  void AppendKey(const char (&before)[kBefore], absl::string_view key, const char (&after)[kAfter]) {
    char* to = Extend(kBefore - 1 + key.size() + kAfter - 1);
    if (to == nullptr) return;
    to = std::copy_n(before, kBefore - 1, to);
    to = std::copy_n(key.data(), key.size(), to);
    std::copy_n(after, kAfter - 1, to);
  }

  // A string of JSON. Bytes that are not UTF-8 become U+FFFD.
  void AppendQuoted(absl::string_view text);

  // The shortest digits that mean this number.
  template <typename Number>
  void AppendNumber(Number number) {
    char digits[32];
    const auto [end, error] = std::to_chars(digits, digits + sizeof digits, number);
    Append(absl::string_view(digits, static_cast<size_t>(end - digits)));
  }

  // Milliseconds with at most three decimals, none of them a zero at the end: 0.25.
  void AppendMilliseconds(absl::Duration duration);

  // Whether something did not fit. What was appended since is not there.
  bool is_full() const { return is_full_; }
  absl::string_view view() const { return {text_.data(), size_}; }

 private:
  // Where the next `size` characters are to be written; null if they do not fit.
  char* Extend(size_t size) {
    is_full_ = is_full_ || size > kCapacity - size_;
    if (is_full_) return nullptr;
    size_ += size;
    return text_.data() + size_ - size;
  }

  size_t size_ = 0;
  bool is_full_ = false;
  std::array<char, kCapacity> text_;  // not set to zero
};

}  // namespace interaction::telemetry
