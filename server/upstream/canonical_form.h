#pragma once

#include <cstddef>
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
    bytes_.push_back(static_cast<char>(field_number));
    for (size_t i = 0; i < 4; ++i) bytes_.push_back(static_cast<char>(value.size() >> (8 * i)));
    bytes_.append(value.data(), value.size());
    return *this;
  }

  std::string Finish() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

}  // namespace interaction::upstream
