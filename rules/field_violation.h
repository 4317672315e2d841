#pragma once

#include <string>

namespace interaction {

// One field that breaks its rule. `field` is the path as spelled in the proto; `description` is fixed English that says
// what is allowed and does not repeat the value.
struct FieldViolation {
  std::string field;
  std::string description;
  bool operator==(const FieldViolation&) const = default;
};

}  // namespace interaction
