#include "server/call/call_traces.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/errors.h"
#include "server/call/log_fields.h"

namespace interaction::call {
namespace {

using telemetry::Span;

// Attributes that are known; those that are not are left out.
class Attributes {
 public:
  Attributes& Add(absl::string_view key, absl::string_view value) {
    if (!value.empty()) attributes_.emplace_back(key, std::string(value));
    return *this;
  }
  Attributes& Add(absl::string_view key, int64_t value) {
    if (value != 0) attributes_.emplace_back(key, value);
    return *this;
  }
  Attributes& AddTrue(absl::string_view key, bool value) {
    if (value) attributes_.emplace_back(key, true);
    return *this;
  }
  Span::Attributes Take() { return std::move(attributes_); }

 private:
  Span::Attributes attributes_;
};

// The wall time of a moment on the steady clock.
absl::Time WallTimeOf(const Call& call, SteadyTime time) {
  const Clock& clock = call.lane->clock();
  return clock.WallNow() - absl::Nanoseconds(clock.SteadyNow() - time);
}

void AddError(const absl::Status& status, Attributes* attributes, Span* span) {
  if (status.ok()) {
    attributes->Add("interaction.outcome", OutcomeName(Outcome::kApplied));
    return;
  }
  const ErrorDetails details = GetErrorDetails(status);
  const absl::string_view reason = Describe(details.reason).name;
  attributes->Add("error.type", reason)
      .Add("interaction.outcome", OutcomeName(details.outcome))
      .Add("interaction.phase", details.phase ? PhaseName(*details.phase) : absl::string_view());
  span->error = std::string(reason);
}

void AddWait(const Call& call, Phase phase, absl::string_view name, Span* span) {
  const absl::Duration waited = call.times.In(phase);
  if (waited < absl::Milliseconds(1)) return;
  span->events.push_back({.name = std::string(name),
                          .time = WallTimeOf(call, call.times.Began(phase)),
                          .attributes = {{"duration_ms", absl::ToInt64Milliseconds(waited)}}});
}

void AddEvents(const Call& call, Span* span) {
  AddWait(call, Phase::kStore, "waited for the record", span);
  AddWait(call, Phase::kQueue, "waited for a permit or the next attempt", span);
  const CallResult& result = call.result;
  if (result.replayed) span->events.push_back({.name = "replayed", .time = span->end, .attributes = {}});
  if (result.status.ok()) return;
  const Reason reason = GetErrorDetails(result.status).reason;
  if (reason == Reason::kUpstreamCircuitOpen) {
    span->events.push_back({.name = "refused by the circuit breaker", .time = span->end, .attributes = {}});
  }
}

// By OpenTelemetry's rule for servers: what the caller has caused is no error of theirs.
bool IsServersError(const absl::Status& status) {
  if (status.ok()) return false;
  return LevelOf(status, GetErrorDetails(status)) != telemetry::LogLevel::kInfo;
}

}  // namespace

void CallTraces::OnEnd(const Call& call) {
  if (!call.span.is_recorded) return;
  const CallResult& result = call.result;
  Span span{.trace_id = call.span.trace_id,
            .span_id = call.span.span_id,
            .parent_id = call.trace.span_id,
            .tracestate = call.trace.tracestate,
            .name = absl::StrCat("interaction.v1.InteractionService/", call.upstream->rpc),
            .kind = Span::Kind::kServer,
            .begin = WallTimeOf(call, call.arrived),
            .end = call.lane->clock().WallNow()};
  Attributes attributes;
  attributes.Add("rpc.system.name", "grpc")
      .Add("rpc.method", span.name)
      .Add("rpc.response.status_code", absl::StatusCodeToString(result.status.code()))
      .Add("client.address", call.peer)
      .Add("interaction.caller", call.caller.Name())
      .Add("interaction.request_id", call.request_id)
      .Add("interaction.id", result.interaction_id)
      .Add("interaction.upstream", call.upstream->name)
      .Add("interaction.attempts", result.attempts)
      .AddTrue("interaction.replayed", result.replayed)
      .AddTrue("interaction.bypassed", result.bypassed);
  AddError(result.status, &attributes, &span);
  span.is_error = IsServersError(result.status);
  span.attributes = attributes.Take();
  AddEvents(call, &span);
  add_(std::move(span));
}

void CallTraces::OnAttemptEnd(const Call& call, const AttemptResult& attempt) {
  if (!call.span.is_recorded) return;
  const absl::Time now = call.lane->clock().WallNow();
  Span span{.trace_id = call.span.trace_id,
            .span_id = call.attempt_span_id,
            .parent_id = call.span.span_id,
            .tracestate = call.trace.tracestate,
            .name = "POST",
            .kind = Span::Kind::kClient,
            .begin = now - attempt.duration,
            .end = now};
  Attributes attributes;
  attributes.Add("http.request.method", "POST")
      .Add("server.address", call.authority)
      .Add("http.response.status_code", attempt.http_status)
      .Add("http.request.resend_count", attempt.number - 1)
      .Add("interaction.upstream", call.upstream->name)
      .AddTrue("interaction.late", attempt.is_late);
  AddError(attempt.status, &attributes, &span);
  span.is_error = !attempt.status.ok();
  span.attributes = attributes.Take();
  add_(std::move(span));
}

}  // namespace interaction::call
