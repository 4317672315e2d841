#pragma once

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace interaction::upstream {

// What a request asks for, as bytes to compare: field by field, each with its number in the proto and its length.
// Fields that are not set leave no trace, so that one added later changes nothing for requests without it.
class CanonicalForm {
 public:
  CanonicalForm& Add(int field_number, absl::string_view value) {
    if (!value.empty()) absl::StrAppend(&bytes_, field_number, "=", value.size(), ":", value);
    return *this;
  }

  std::string Finish() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

}  // namespace interaction::upstream
