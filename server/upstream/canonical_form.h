#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"

namespace interaction::upstream {

// What a request asks for, as bytes to compare: field by field, each with its number in the proto and its length, which
// takes four bytes, the lowest first.
// Fields that are not set leave no trace, so that one added later changes nothing for requests without it.
class CanonicalForm {
 public:
  CanonicalForm() { bytes_.reserve(512); }

  CanonicalForm& Add(int field_number, absl::string_view value) {
    if (value.empty()) return *this;
    const auto size = static_cast<uint32_t>(value.size());
    const char head[] = {static_cast<char>(field_number), static_cast<char>(size), static_cast<char>(size >> 8),
                         static_cast<char>(size >> 16), static_cast<char>(size >> 24)};
    bytes_.append(head, sizeof head).append(value.data(), value.size());
    return *this;
  }

  std::string Finish() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

}  // namespace interaction::upstream
