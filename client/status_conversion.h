#pragma once

#include <grpcpp/support/status.h>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace interaction {

// Converts the status of a call to absl's: same code, same message, the google.rpc.Status as payload.
absl::Status ToAbslStatus(const grpc::Status& status);

// The error of a call that was sent. It always has an ErrorInfo: kNoAnswerFromGateway if it came without one of the
// gateway's. `request_id` may be empty.
absl::Status WithErrorInfo(absl::Status error, absl::string_view request_id);

// Whether a reason of this domain is the gateway's, or the client's own.
bool IsOurDomain(absl::string_view domain);

// Whether the gateway itself gave this error.
bool IsAnswerOfGateway(const absl::Status& error);

// The error of a call of which an earlier attempt may have opened an interaction, whatever the last one did.
absl::Status WithUnknownOutcome(absl::Status error);

// An error of the client itself, before anything was sent, with an ErrorInfo of kClientDomain.
absl::Status NothingSent(absl::StatusCode code, absl::string_view message, absl::string_view reason);

}  // namespace interaction
