#pragma once

#include <string>
#include <vector>

#include "absl/types/span.h"
#include "server/telemetry/span.h"

namespace interaction::telemetry {

// Spans as OTLP/HTTP carries them: a serialized opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest
// (https://github.com/open-telemetry/opentelemetry-proto, v1.x). `resource`: what all of them are of: service.name.
std::string EncodeTraces(const Span::Attributes& resource, absl::Span<const Span> spans);

}  // namespace interaction::telemetry
