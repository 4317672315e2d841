#include "server/call/call_traces.h"

#include <algorithm>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "server/base/errors.h"
#include "server/call/log_fields.h"

namespace interaction::call {
namespace {

using telemetry::SpanKind;
using telemetry::SpanTemplate;
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

CallTraces::CallTraces(const std::vector<CallMetrics::Rpc>& rpcs, telemetry::SpanExporter* exporter)
    : exporter_(exporter) {
  for (const CallMetrics::Rpc& rpc : rpcs) {
    const std::string name = absl::StrCat(rpc.service, "/", rpc.method);
    templates_.push_back(
        {.upstream = rpc.upstream,
         .call =
             SpanTemplate(name, SpanKind::kServer,
                          {{"rpc.system.name", "grpc"}, {"rpc.method", name}, {"interaction.upstream", rpc.upstream}}),
         .attempt = SpanTemplate("POST", SpanKind::kClient,
                                 {{"http.request.method", "POST"}, {"interaction.upstream", rpc.upstream}})});
  }
}

const CallTraces::Templates* CallTraces::TemplatesOf(const Call& call) const {
  if (!call.span.is_recorded) return nullptr;
  const auto templates = std::find_if(templates_.begin(), templates_.end(),
                                      [&](const Templates& of) { return of.upstream == call.upstream->name; });
  return templates == templates_.end() ? nullptr : &*templates;
}

void CallTraces::OnEnd(const Call& call) {
  const Templates* const templates = TemplatesOf(call);
  if (templates == nullptr) return;
  const CallResult& result = call.result;
  const Moment now(call.lane->clock());
  SpanWriter span(templates->call, {.trace_id = call.span.trace_id,
                                    .span_id = call.span.span_id,
                                    .parent_id = call.trace.span_id,
                                    .tracestate = call.trace.tracestate,
                                    .begin = now.WallTimeOf(call.arrived),
                                    .end = now.wall});
  span.Add("rpc.response.status_code", absl::StatusCodeToString(result.status.code()));
  span.Add("client.address", call.peer);
  span.Add("interaction.caller", call.caller.Name());
  span.Add("interaction.request_id", call.request_id);
  span.Add("interaction.id", result.interaction_id);
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
  const Templates* const templates = TemplatesOf(call);
  if (templates == nullptr) return;
  const absl::Time now = call.lane->clock().WallNow();
  SpanWriter span(templates->attempt, {.trace_id = call.span.trace_id,
                                       .span_id = call.attempt_span_id,
                                       .parent_id = call.span.span_id,
                                       .tracestate = call.trace.tracestate,
                                       .begin = now - attempt.duration,
                                       .end = now});
  span.Add("server.address", call.authority);
  span.Add("http.response.status_code", attempt.http_status);
  span.Add("http.request.resend_count", attempt.number - 1);
  span.AddTrue("interaction.late", attempt.is_late);
  AddResult(DetailsOf(attempt.status), /*is_error=*/true, &span);
  exporter_->Add(span.bytes());
}

}  // namespace interaction::call
