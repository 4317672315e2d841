#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace interaction::telemetry {

// The id of a trace or span in lower-case hex digits, or none. A plain value that allocates nothing: every traced call
// makes and copies several.
template <size_t kDigits>
class Id {
 public:
  Id() = default;  // none
  // `digits`: kDigits of them; any other number is none. An id is a text of its own kind, so texts convert to it.
  Id(absl::string_view digits) : is_set_(digits.size() == kDigits) {  // NOLINT(google-explicit-constructor)
    if (is_set_) std::copy_n(digits.data(), kDigits, digits_.data());
  }
  Id(const std::string& digits) : Id(absl::string_view(digits)) {}  // NOLINT(google-explicit-constructor)
  Id(const char* digits) : Id(absl::string_view(digits)) {}         // NOLINT(google-explicit-constructor)

  bool empty() const { return !is_set_; }
  absl::string_view text() const { return {digits_.data(), is_set_ ? kDigits : 0}; }
  operator absl::string_view() const { return text(); }  // NOLINT(google-explicit-constructor)

  friend bool operator==(const Id& a, const Id& b) { return a.text() == b.text(); }

 private:
  std::array<char, kDigits> digits_ = {};
  bool is_set_ = false;
};

using TraceId = Id<32>;
using SpanId = Id<16>;

}  // namespace interaction::telemetry
