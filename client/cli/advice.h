#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "interaction/client.h"

namespace interaction::cli {

// What the person who made a call is to do next, in a sentence without a full stop. `error` is GetCallError(status),
// and `request_id` the call's own, empty if it had none.
//
// With outcome unknown, a call without request_id sends them to the vendor, and one with request_id is to be repeated
// as it is. With outcome not_applied the reason decides; only some are worth a repetition, after the delay that the
// error names.
std::string NextStep(const absl::Status& status, const CallError& error, absl::string_view request_id);

// Whether NextStep() knows `reason`. For others it goes by outcome and code alone.
bool IsKnownReason(absl::string_view reason);

}  // namespace interaction::cli
