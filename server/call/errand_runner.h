#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/base/clock.h"
#include "server/call/breaker.h"
#include "server/call/errand.h"
#include "server/call/flight.h"
#include "server/call/permits.h"
#include "server/call/retry.h"
#include "server/http/client.h"
#include "server/lane/lane.h"
#include "server/lane/task.h"

namespace interaction::call {

// What stands between calls and one upstream; shared by all its calls, on all lanes. All of it outlives them.
struct Guards {
  std::string upstream;  // its name
  Breakers* breakers;    // null: none
  RetryPolicy retry_policy = RetryPolicy({});
  RetryBudget* retry_budget;
  Permits* permits;                // null: no limit
  std::function<double()> random;  // uniform in [0, 1), from any thread
};

// An errand and the terms on which it is run.
struct Trip {
  lane::Lane* lane;
  http::Endpoint* endpoint;  // of the lane
  const Guards* guards;
  std::unique_ptr<const Errand> errand;
  std::string request_id;           // in canonical form; "": the call has none
  bool caller_retries = false;      // the call is itself a retry
  SteadyTime began = 0;             // when the call did
  SteadyTime answer_by = kNever;    // the caller's time: nothing is begun that could not be answered by then
  SteadyTime settle_by = kNever;    // the upstream's time, once the request was sent
  SteadyTime send_before = kNever;  // nothing is sent from then on: somebody else may think that nobody is at it
};

// Runs the errand: waits for a permit of its credential, passes the breaker, sends the request once and judges the
// answer; and again, where surely nothing was opened and it is worth it (RetryPolicy). Yields the serialized reply.
//
// `flight` carries the work: its cancellation stops it, and it is told of the exchange under way. Both outlive the
// task.
lane::Task<absl::StatusOr<std::string>> RunErrand(Flight* flight, const Trip* trip);

}  // namespace interaction::call
