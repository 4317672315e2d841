#pragma once

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "server/base/metadata.h"
#include "server/telemetry/trace_context.h"

namespace interaction::rpc {

// The metadata of a call that decides over its treatment.
struct CallMetadata {
  size_t bytes = 0;              // names, values and 32 for each entry, as HTTP/2 counts (RFC 9113, section 6.5.2)
  bool is_retry = false;         // grpc-previous-rpc-attempts: the client has tried before (gRPC A6)
  size_t request_ids = 0;        // entries of idempotency-key
  absl::string_view request_id;  // the first of them; lives as long as the call, like those below
  absl::string_view authorization;
  absl::string_view api_key;        // x-api-key
  absl::string_view forwarded;      // x-forwarded-client-cert: the last, which the nearest proxy has added
  bool repeats_credential = false;  // authorization or x-api-key was sent more than once
};

CallMetadata ReadMetadata(absl::Span<const MetadataEntry> metadata);

// The request_id of a call, in canonical form, or "" if it has none: from the field, which is in that form already, or
// from metadata idempotency-key. INVALID_REQUEST when the metadata is not a UUID, was sent more than once, or is
// another one than the field's; also when `required` and there is none.
absl::StatusOr<std::string> RequestIdOf(absl::string_view field, const CallMetadata& metadata, bool required);

// The same for the details of an error, where neither was checked: "" unless there is exactly one valid UUID.
std::string RequestIdIfValid(absl::string_view field, const CallMetadata& metadata);

// The trace that the call belongs to: W3C traceparent and tracestate, b3, x-b3-*, x-request-id.
telemetry::TraceContext TraceContextOf(absl::Span<const MetadataEntry> metadata);

// The machine at the other end of the connection, without its port, from ServerCall::peer(): "ipv4:10.0.0.7". For
// counting, not for trusting.
std::string PeerHost(std::string peer);

}  // namespace interaction::rpc
