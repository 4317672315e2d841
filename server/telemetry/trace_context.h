#pragma once

#include <string>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"

namespace interaction::telemetry {

// What the caller's tracer decided about recording the trace.
enum class Sampling {
  kUndecided,  // left to whoever comes next; only B3 can say that
  kNo,
  kYes,
  kDebug,  // yes, whatever anybody's sampler thinks; only B3 can say that
};

// The trace a call belongs to, as its metadata told. The gateway makes no span of its own: what comes in goes out, so
// the upstream's spans hang under the caller's.
struct TraceContext {
  std::string trace_id;        // 32 lower-case hex digits, not all zero; "" if there is none
  std::string span_id;         // 16, likewise; there is one if and only if there is a trace_id
  std::string parent_span_id;  // 16, or "": of B3 only
  std::string tracestate;      // W3C, at most 512 bytes, or ""
  std::string request_id;      // 1 to 128 visible ASCII characters, or ""
  Sampling sampling = Sampling::kUndecided;

  bool operator==(const TraceContext&) const = default;
};

// Finds a metadata entry by its lower-case name; "" if there is none. Entries of one name are joined with commas, as
// RFC 9110, section 5.3, has it. The result is valid until the next lookup at least.
using MetadataLookup = absl::FunctionRef<absl::string_view(absl::string_view name)>;

// Reads, first found wins: `traceparent` with `tracestate` (W3C Trace Context Level 1,
// https://www.w3.org/TR/trace-context-1/; later versions are read as far as this one goes), `b3`, `x-b3-*`
// (https://github.com/openzipkin/b3-propagation; trace ids of 64 bits are padded with zeros); besides, `x-request-id`.
// What is malformed counts as absent: tracing never fails a call. Pure; allocates nothing when there is nothing.
TraceContext FromMetadata(MetadataLookup lookup);

// Passes each header of the context on to `add`: traceparent, tracestate, x-request-id, and with `with_b3` also b3.
void AppendHeaders(const TraceContext& context, bool with_b3,
                   absl::FunctionRef<void(absl::string_view name, std::string value)> add);

}  // namespace interaction::telemetry
