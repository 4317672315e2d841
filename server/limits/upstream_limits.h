#pragma once

#include <functional>
#include <string>

#include "server/limits/breaker.h"
#include "server/limits/permits.h"
#include "server/limits/retry.h"

namespace interaction::limits {

// The limits on calls to one upstream. All calls to it share them, on all lanes, and they outlive every snapshot of the
// upstream. Whatever is held as a pointer outlives this.
struct UpstreamLimits {
  Breakers* breakers;  // null: none
  RetryPolicy retry_policy = RetryPolicy({});
  RetryBudget* retry_budget;
  Permits* permits;                // null: no limit
  std::function<double()> random;  // uniform in [0, 1), called on any thread
};

}  // namespace interaction::limits
