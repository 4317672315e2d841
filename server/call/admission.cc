#include "server/call/admission.h"

#include "server/base/errors.h"

namespace interaction::call {

absl::StatusOr<Admission::Permit> Admission::Admit() {
  if (in_flight_.fetch_add(1, std::memory_order_relaxed) < max_in_flight_) return Permit(this);
  in_flight_.fetch_sub(1, std::memory_order_relaxed);
  return Error(Reason::kOverloaded).In(Phase::kQueue).WithRetryAfter(absl::Seconds(1)).ToStatus();
}

}  // namespace interaction::call
