#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "server/rpc/rpc_status.h"

namespace interaction::rpc {

// ErrorInfo.domain of every error of this service (AIP-193).
inline constexpr absl::string_view kErrorDomain = "interaction.v1.InteractionService";

// The trailer with which a server forbids a client to retry (gRPC A6), sent with every error whose outcome is unknown.
inline constexpr absl::string_view kPushbackKey = "grpc-retry-pushback-ms";
inline constexpr absl::string_view kPushbackNever = "-1";

// Trailing metadata of an answer that is that of an earlier call with the same request_id.
inline constexpr absl::string_view kReplayedKey = "idempotent-replayed";

// Trailing metadata of an answer or error of a call that has a request_id but no record, because the store had failed.
inline constexpr absl::string_view kBypassTrailer = "idempotency";
inline constexpr absl::string_view kBypassed = "bypassed";

// The status to send for a failed call: code and message, and google.rpc.Status with exactly one ErrorInfo and
// whichever of BadRequest, RetryInfo, QuotaFailure and PreconditionFailure fit. The details stay below 4 KiB: peers
// take 8 KiB of metadata by default, and more would turn the error into another one. `upstream` and `request_id` may be
// empty.
RpcStatus ToRpcStatus(const absl::Status& error, absl::string_view upstream, absl::string_view request_id);

}  // namespace interaction::rpc
