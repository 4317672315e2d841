#pragma once

#include <grpcpp/support/status.h>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace interaction {

// Converts the status of a call to absl's: same code, same message, the google.rpc.Status as payload.
absl::Status ToAbslStatus(const grpc::Status& status);

// The error of a call that was sent. It always has an ErrorInfo: kNoAnswerFromGateway if it came without one.
// `request_id` may be empty.
absl::Status WithErrorInfo(absl::Status error, absl::string_view request_id);

// An error of the client itself, before anything was sent, with an ErrorInfo of kClientDomain.
absl::Status NothingSent(absl::StatusCode code, absl::string_view message, absl::string_view reason);

}  // namespace interaction
