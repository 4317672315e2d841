#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/telemetry/otlp.h"
#include "server/telemetry/span_exporter.h"
#include "server/telemetry/tracer.h"

namespace interaction::app {

using Variables = std::vector<std::pair<std::string, std::string>>;

// Where spans go, and which are made.
struct TraceOptions {
  std::string url;                   // of OTLP/HTTP: "http://collector:4318/v1/traces"
  std::vector<std::string> headers;  // "Name: value"
  std::string ca_file;               // "": the authorities that the system trusts
  absl::Duration timeout = absl::Seconds(10);
  telemetry::Sampler sampler;
  telemetry::SpanExporter::Options exporter;
  telemetry::Resource resource;
};

// Reads OpenTelemetry's variables
// (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/ and
// https://opentelemetry.io/docs/specs/otel/protocol/exporter/): OTEL_EXPORTER_OTLP_ENDPOINT or
// OTEL_EXPORTER_OTLP_TRACES_ENDPOINT switches traces on; then OTEL_SDK_DISABLED, OTEL_TRACES_EXPORTER,
// OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES, OTEL_TRACES_SAMPLER, OTEL_TRACES_SAMPLER_ARG, OTEL_BSP_*,
// OTEL_EXPORTER_OTLP_*. Nothing if traces are off. INVALID_ARGUMENT names the variable that is wrong, one a line.
absl::StatusOr<std::optional<TraceOptions>> ReadTraceOptions(const Variables& environment);

}  // namespace interaction::app
