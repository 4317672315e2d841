#pragma once

#include <grpcpp/support/status.h>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace interaction {

// Turns the status of a call into absl's: same code, same message, the google.rpc.Status as payload.
absl::Status ToAbslStatus(const grpc::Status& status);

// The error of a call that was sent, with an ErrorInfo in any case: kNoAnswerFromGateway if it came without one.
// `request_id` may be empty.
absl::Status WithErrorInfo(absl::Status error, absl::string_view request_id);

// An error of the client itself, made before anything was sent: with an ErrorInfo of kClientDomain that says so.
absl::Status NothingSent(absl::StatusCode code, absl::string_view message, absl::string_view reason);

}  // namespace interaction
