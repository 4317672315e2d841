#include "server/upstream/invalid_request.h"

#include <utility>

#include "server/base/errors.h"

namespace interaction::upstream {

absl::Status InvalidRequest(std::vector<FieldViolation> violations) {
  if (violations.empty()) return absl::OkStatus();
  return Error(Reason::kInvalidRequest).In(Phase::kValidate).WithFieldViolations(std::move(violations));
}

}  // namespace interaction::upstream
