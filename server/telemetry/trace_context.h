#pragma once

#include <string>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "server/telemetry/ids.h"

namespace interaction::telemetry {

// The caller's decision whether to record the trace.
enum class Sampling {
  kUndecided,  // left to the next service; only in B3
  kNo,
  kYes,
  kDebug,  // record in any case; only in B3
};

// The trace that a call belongs to, from its metadata. Where the gateway makes no spans (tracer.h), it passes on the
// context as it is, so that the upstream's spans are children of the caller's.
struct TraceContext {
  TraceId trace_id;        // not all zero, or none
  SpanId span_id;          // likewise; present if and only if trace_id is
  SpanId parent_span_id;   // or none; only in B3
  std::string tracestate;  // W3C, at most 512 bytes, or ""
  std::string request_id;  // 1 to 128 visible ASCII characters, or ""
  Sampling sampling = Sampling::kUndecided;

  bool operator==(const TraceContext&) const = default;
};

// Finds a metadata entry by its lower-case name; "" if there is none. Entries with the same name are joined by commas,
// as in RFC 9110, section 5.3. The result is valid at least until the next lookup.
using MetadataLookup = absl::FunctionRef<absl::string_view(absl::string_view name)>;

// Reads, first found wins: `traceparent` with `tracestate` (W3C Trace Context Level 1,
// https://www.w3.org/TR/trace-context-1/; later versions are read as far as this one goes), `b3`, `x-b3-*`
// (https://github.com/openzipkin/b3-propagation; trace ids of 64 bits are padded with zeros); besides, `x-request-id`.
// A malformed header counts as absent: tracing never fails a call. Pure; allocates nothing if there is no context.
TraceContext FromMetadata(MetadataLookup lookup);

// Passes each header of the context to `add`: traceparent, tracestate, x-request-id, and b3 if `with_b3`.
void AppendHeaders(const TraceContext& context, bool with_b3,
                   absl::FunctionRef<void(absl::string_view name, std::string value)> add);

}  // namespace interaction::telemetry
