#pragma once

#include <functional>
#include <string>

#include "server/limits/breaker.h"
#include "server/limits/permits.h"
#include "server/limits/retry.h"

namespace interaction::limits {

// What stands between calls and one upstream; shared by all its calls, on all lanes, and outlives every snapshot of the
// upstream. What is passed as pointer outlives it.
struct UpstreamLimits {
  Breakers* breakers;  // null: none
  RetryPolicy retry_policy = RetryPolicy({});
  RetryBudget* retry_budget;
  Permits* permits;                // null: no limit
  std::function<double()> random;  // uniform in [0, 1), from any thread
};

}  // namespace interaction::limits
