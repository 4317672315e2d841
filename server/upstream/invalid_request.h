#pragma once

#include <vector>

#include "absl/status/status.h"
#include "rules/field_violation.h"

namespace interaction::upstream {

// What a caller is told about the fields that break their rules: OK, or INVALID_REQUEST with every violation.
absl::Status InvalidRequest(std::vector<FieldViolation> violations);

}  // namespace interaction::upstream
