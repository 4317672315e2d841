#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <string>

#include "absl/strings/string_view.h"

namespace interaction::upstream {

// A field of a request: its number in the proto and its value in canonical form.
struct CanonicalField {
  int number;
  absl::string_view value;
};

// The content of a request, as bytes to compare: for each field its number, its length in four bytes, little-endian,
// and its value. Fields that are not set are left out, so a field added later changes nothing for requests without it.
inline std::string CanonicalForm(std::initializer_list<CanonicalField> fields) {
  constexpr size_t kHeadBytes = 5;
  size_t size = 0;
  for (const CanonicalField& field : fields) size += field.value.empty() ? 0 : kHeadBytes + field.value.size();
  std::string bytes(size, '\0');
  char* next = bytes.data();
  for (const auto& [number, value] : fields) {
    if (value.empty()) continue;
    *next++ = static_cast<char>(number);
    for (int shift = 0; shift < 32; shift += 8) *next++ = static_cast<char>(value.size() >> shift);
    next = std::copy(value.begin(), value.end(), next);
  }
  return bytes;
}

}  // namespace interaction::upstream
