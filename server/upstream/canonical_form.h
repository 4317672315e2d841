#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <string>

#include "absl/strings/string_view.h"

namespace interaction::upstream {

// A field of a request: its number in the proto and its value, in canonical form itself.
struct CanonicalField {
  int number;
  absl::string_view value;
};

// What a request asks for, as bytes to compare: field by field, each with its number and its length, which takes four
// bytes, the lowest first. Fields that are not set leave no trace, so that one added later changes nothing for requests
// without it.
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
