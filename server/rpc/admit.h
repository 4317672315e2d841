#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/auth/gate.h"
#include "server/rpc/call_metadata.h"
#include "server/rpc/server_call.h"

namespace interaction::rpc {

// Finds out who makes a call, and whether it may be made: before its message is read. `gate` (may be null: everybody
// may) is the lane's; `rpc` as for auth::Gate::Admit().
absl::StatusOr<auth::Pass> Admit(const ServerCall& arrived, const CallMetadata& metadata, absl::string_view rpc,
                                 auth::Gate* gate);

}  // namespace interaction::rpc
