#pragma once

#include <functional>

#include "server/call/observer.h"
#include "server/telemetry/span.h"

namespace interaction::call {

// Makes the spans of calls whose trace is recorded: one of the server's for each call, one of a client's for each
// request to the upstream. Names and attributes are those of OpenTelemetry's conventions for RPC and HTTP
// (https://opentelemetry.io/docs/specs/semconv/), and "interaction.*" for what they do not know. No span holds a body,
// personal data or a secret. Thread-safe.
class CallTraces final : public Observer {
 public:
  // `add` takes the spans; called on lanes, must not block.
  explicit CallTraces(std::function<void(telemetry::Span)> add) : add_(std::move(add)) {}

  void OnAttemptEnd(const Call& call, const AttemptResult& attempt) override;
  void OnEnd(const Call& call) override;

 private:
  const std::function<void(telemetry::Span)> add_;
};

}  // namespace interaction::call
