#pragma once

#include <grpcpp/support/status.h>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace interaction::rpc {

// ErrorInfo.domain of every error of this service (AIP-193).
inline constexpr absl::string_view kErrorDomain = "interaction.v1.InteractionService";

// The trailer with which a server forbids a client to retry (gRPC A6), sent with every error whose outcome is unknown.
inline constexpr char kPushbackKey[] = "grpc-retry-pushback-ms";
inline constexpr char kPushbackNever[] = "-1";

// Trailing metadata of an answer that is that of an earlier call with the same request_id.
inline constexpr char kReplayedKey[] = "idempotent-replayed";

// Trailing metadata of an answer or error of a call that has a request_id but no record, because the store had failed.
inline constexpr char kBypassTrailer[] = "idempotency";
inline constexpr char kBypassed[] = "bypassed";

// The status to send for a failed call: code and message, and google.rpc.Status with exactly one ErrorInfo and
// whichever of BadRequest, RetryInfo, QuotaFailure and PreconditionFailure fit. The details stay below 4 KiB: peers
// take 8 KiB of metadata by default, and more would turn the error into another one. `upstream` and `request_id` may be
// empty.
grpc::Status ToGrpcStatus(const absl::Status& error, absl::string_view upstream, absl::string_view request_id);

}  // namespace interaction::rpc
