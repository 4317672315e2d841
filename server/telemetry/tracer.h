#pragma once

#include <cstdint>
#include <functional>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/telemetry/trace_context.h"

namespace interaction::telemetry {

// Which traces are recorded: OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG
// (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/).
struct Sampler {
  double ratio = 1;       // of the traces that begin here, and of all others unless by_parent
  bool by_parent = true;  // a caller that has decided is followed

  // "always_on", "always_off", "traceidratio" with a ratio, and each of them after "parentbased_". INVALID_ARGUMENT
  // says what there is.
  static absl::StatusOr<Sampler> Parse(absl::string_view name, absl::string_view argument);
};

// Gives calls their spans' ids and decides which are recorded. Thread-safe.
class Tracer {
 public:
  // `random`: 64 random bits, called on any thread.
  Tracer(const Sampler& sampler, std::function<uint64_t()> random) : sampler_(sampler), random_(std::move(random)) {}

  // The span of a call that has arrived with `context`. A trace begins here if it has none.
  struct Started {
    TraceId trace_id;
    SpanId span_id;
    bool is_recorded = false;
  };
  Started Start(const TraceContext& context) const;

  SpanId NewSpanId() const;

 private:
  bool IsRecorded(const TraceContext& context, absl::string_view trace_id) const;
  TraceId NewTraceId() const;
  uint64_t NotZero() const;

  const Sampler sampler_;
  const std::function<uint64_t()> random_;
};

}  // namespace interaction::telemetry
