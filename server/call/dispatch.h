#pragma once

#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/call/admission.h"
#include "server/call/errand_runner.h"
#include "server/call/flight.h"
#include "server/call/idempotency.h"
#include "server/lane/cancellation.h"
#include "server/lane/task.h"
#include "server/telemetry/counters.h"
#include "server/telemetry/log.h"

namespace interaction::call {

// What dispatching needs besides the trip. All of it outlives the flights, but for `cancellation`, the call's own.
struct DispatchContext {
  lane::Cancellation* cancellation;  // of the call
  lane::Cancellation* shutdown;      // of what is in flight on the lane
  Idempotency* idempotency;          // null: no records; then `record` is empty
  absl::Duration lease;              // of a claim: longer than a call can take in all
  telemetry::Counters* counters;     // may be null
  telemetry::Logger* log;            // may be null; hears of answers that nobody waited for
};

// Sends the call on its way and waits for the answer until trip.answer_by: in a flight of its own, in one that is under
// way for the same request_id, or with the answer that its record holds. A caller that leaves after the request was
// sent does not stop the flight, which settles the record with the upstream's answer when that comes.
//
// `permit` is kept for as long as the flight takes, when the call has one of its own; the call may keep it longer.
lane::Task<absl::StatusOr<Answer>> Dispatch(DispatchContext context, Trip trip, std::optional<RecordId> record,
                                            std::shared_ptr<const Admission::Permit> permit);

// Whether the call was served without a record because the store of records had failed.
bool WasBypassed(const absl::StatusOr<Answer>& answer);

}  // namespace interaction::call
