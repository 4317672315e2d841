#pragma once

#include <string>
#include <vector>

#include "server/call/call_metrics.h"
#include "server/call/observer.h"
#include "server/telemetry/otlp.h"
#include "server/telemetry/span_exporter.h"

namespace interaction::call {

// Makes the spans of calls whose trace is recorded: one of the server's for each call, one of a client's for each
// request to the upstream. Names and attributes are those of OpenTelemetry's conventions for RPC and HTTP
// (https://opentelemetry.io/docs/specs/semconv/), and "interaction.*" for what they do not know. No span holds a body,
// personal data or a secret. Thread-safe.
class CallTraces final : public Observer {
 public:
  // `exporter` outlives this. Calls of an upstream that is not in `rpcs` make no spans.
  CallTraces(const std::vector<CallMetrics::Rpc>& rpcs, telemetry::SpanExporter* exporter);

  void OnAttemptEnd(const Call& call, const AttemptResult& attempt) override;
  void OnEnd(const Call& call) override;

 private:
  // What all spans of an RPC have alike.
  struct Templates {
    std::string upstream;
    telemetry::SpanTemplate call;
    telemetry::SpanTemplate attempt;
  };
  const Templates* TemplatesOf(const Call& call) const;  // null: the call is not recorded

  std::vector<Templates> templates_;
  telemetry::SpanExporter* const exporter_;
};

}  // namespace interaction::call
