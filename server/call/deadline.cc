#include "server/call/deadline.h"

#include <algorithm>

#include "server/base/errors.h"

namespace interaction::call {

absl::StatusOr<absl::Duration> TransferTime(std::optional<absl::Duration> left, const DeadlineOptions& options) {
  const absl::Duration total = std::min(left.value_or(options.default_deadline), options.max_deadline);
  if (total < absl::Milliseconds(50)) return Error(Reason::kDeadlineBeforeSend).In(Phase::kQueue).ToStatus();
  return total - std::clamp(total * 0.05, absl::Milliseconds(20), absl::Milliseconds(250));
}

}  // namespace interaction::call
