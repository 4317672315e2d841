#include "server/call/call_traces.h"

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "server/base/errors.h"
#include "server/call/log_fields.h"

namespace interaction::call {
namespace {

using telemetry::SpanKind;
using telemetry::SpanWriter;

// One moment by both clocks: tells the wall time of others.
struct Moment {
  explicit Moment(const Clock& clock) : wall(clock.WallNow()), steady(clock.SteadyNow()) {}
  absl::Time WallTimeOf(SteadyTime time) const { return wall - absl::Nanoseconds(steady - time); }

  const absl::Time wall;
  const SteadyTime steady;
};

// What the error of a call or attempt tells; nothing for success.
std::optional<ErrorDetails> DetailsOf(const absl::Status& status) {
  if (status.ok()) return std::nullopt;
  return GetErrorDetails(status);
}

// Whether and why it failed. `is_error`: whether that is an error of the span's side.
void AddResult(const std::optional<ErrorDetails>& details, bool is_error, SpanWriter* span) {
  if (!details) return span->Add("interaction.outcome", OutcomeName(Outcome::kApplied));
  const absl::string_view reason = Describe(details->reason).name;
  span->Add("error.type", reason);
  span->Add("interaction.outcome", OutcomeName(details->outcome));
  if (details->phase) span->Add("interaction.phase", PhaseName(*details->phase));
  if (is_error) span->Fail(reason);
}

void AddWait(const Call& call, Phase phase, absl::string_view name, const Moment& now, SpanWriter* span) {
  const absl::Duration waited = call.times.In(phase);
  if (waited < absl::Milliseconds(1)) return;
  span->AddEvent(name, now.WallTimeOf(call.times.Began(phase)), waited);
}

void AddEvents(const Call& call, const std::optional<ErrorDetails>& details, const Moment& now, SpanWriter* span) {
  AddWait(call, Phase::kStore, "waited for the record", now, span);
  AddWait(call, Phase::kQueue, "waited for a permit or the next attempt", now, span);
  if (call.result.replayed) span->AddEvent("replayed", now.wall);
  const bool is_breaker = details && details->reason == Reason::kUpstreamCircuitOpen;
  if (is_breaker) span->AddEvent("refused by the circuit breaker", now.wall);
}

}  // namespace

void CallTraces::OnEnd(const Call& call) {
  if (!call.span.is_recorded) return;
  const CallResult& result = call.result;
  const std::string name = absl::StrCat("interaction.v1.InteractionService/", call.upstream->rpc);
  const Moment now(call.lane->clock());
  SpanWriter span({.trace_id = call.span.trace_id,
                   .span_id = call.span.span_id,
                   .parent_id = call.trace.span_id,
                   .tracestate = call.trace.tracestate,
                   .name = name,
                   .kind = SpanKind::kServer,
                   .begin = now.WallTimeOf(call.arrived),
                   .end = now.wall});
  span.Add("rpc.system.name", "grpc");
  span.Add("rpc.method", name);
  span.Add("rpc.response.status_code", absl::StatusCodeToString(result.status.code()));
  span.Add("client.address", call.peer);
  span.Add("interaction.caller", call.caller.Name());
  span.Add("interaction.request_id", call.request_id);
  span.Add("interaction.id", result.interaction_id);
  span.Add("interaction.upstream", call.upstream->name);
  span.Add("interaction.attempts", result.attempts);
  span.AddTrue("interaction.replayed", result.replayed);
  span.AddTrue("interaction.bypassed", result.bypassed);
  const std::optional<ErrorDetails> details = DetailsOf(result.status);
  // By OpenTelemetry's rule for servers: what the caller has caused is no error of theirs.
  AddResult(details, details && LevelOf(result.status, *details) != telemetry::LogLevel::kInfo, &span);
  AddEvents(call, details, now, &span);
  exporter_->Add(span.bytes());
}

void CallTraces::OnAttemptEnd(const Call& call, const AttemptResult& attempt) {
  if (!call.span.is_recorded) return;
  const absl::Time now = call.lane->clock().WallNow();
  SpanWriter span({.trace_id = call.span.trace_id,
                   .span_id = call.attempt_span_id,
                   .parent_id = call.span.span_id,
                   .tracestate = call.trace.tracestate,
                   .name = "POST",
                   .kind = SpanKind::kClient,
                   .begin = now - attempt.duration,
                   .end = now});
  span.Add("http.request.method", "POST");
  span.Add("server.address", call.authority);
  span.Add("http.response.status_code", attempt.http_status);
  span.Add("http.request.resend_count", attempt.number - 1);
  span.Add("interaction.upstream", call.upstream->name);
  span.AddTrue("interaction.late", attempt.is_late);
  AddResult(DetailsOf(attempt.status), /*is_error=*/true, &span);
  exporter_->Add(span.bytes());
}

}  // namespace interaction::call
