#pragma once

#include <grpc/support/time.h>

#include <optional>

#include "absl/time/time.h"

namespace interaction::grpc_transport {

// The time left until a call's raw deadline; nothing when the call brought none. A deadline that is absurdly far away
// (a grpc-timeout of 99999999H is legal) reads as a day: converting it to a clock type would overflow into the past.
std::optional<absl::Duration> TimeLeft(gpr_timespec raw_deadline);

}  // namespace interaction::grpc_transport
