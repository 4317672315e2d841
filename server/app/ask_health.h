#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/config/config.h"

namespace interaction::app {

// Asks the gateway that runs with this configuration on this machine whether it can serve: its admin port's /readyz,
// which needs neither a token nor a client certificate. Blocks for `timeout` at most.
//
// What it answers when it is ready. UNAVAILABLE, with what it answered or why it did not answer, when it is not;
// FAILED_PRECONDITION when the configuration leaves nothing to ask: admin.listen is off or has port 0.
absl::StatusOr<std::string> AskHealth(const config::Admin& admin, absl::Duration timeout);

}  // namespace interaction::app
