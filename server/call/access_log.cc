#include "server/call/access_log.h"

#include "server/base/errors.h"
#include "server/call/log_fields.h"

namespace interaction::call {

using telemetry::LogLevel;

void AccessLog::OnEnd(const Call& call) {
  const CallResult& result = call.result;
  LogLevel level = LogLevel::kInfo;
  ErrorDetails error = {.outcome = Outcome::kApplied};
  absl::string_view reason;
  if (!result.status.ok()) {
    error = GetErrorDetails(result.status);
    reason = Describe(error.reason).name;
    level = LevelOf(result.status, error);
  }
  if (!log_->Enabled(level)) return;
  if (result.status.ok() && share_ < 1 && random_() >= share_) return;
  const std::string caller = call.caller.Name();
  log_->Log(level, "call",
            {{"method", call.upstream->rpc},
             {"code", absl::StatusCodeToString(result.status.code())},
             {"outcome", OutcomeName(error.outcome)},
             {"reason", reason},
             {"phase", error.phase ? PhaseName(*error.phase) : absl::string_view()},
             {"detail", DetailIn(error)},
             {"fields", FieldsIn(error)},
             {"caller", caller.empty() ? CallerIn(error) : absl::string_view(caller)},
             {"peer", call.peer},
             {"requestId", call.request_id},
             {"interactionId", result.interaction_id},
             {"durationMs", absl::Nanoseconds(call.lane->clock().SteadyNow() - call.arrived)},
             {"storeMs", call.times.In(Phase::kStore)},
             {"queueMs", call.times.In(Phase::kQueue)},
             {"upstreamMs", call.times.In(Phase::kWait)},
             {"upstream", call.upstream->name},
             {"host", call.authority},
             {"httpStatus", result.http_status},
             {"attempts", result.attempts},
             {"replayed", result.replayed},
             {"bypassed", result.bypassed},
             {"traceId", call.trace_id()},
             {"spanId", call.span.span_id},
             {"xRequestId", call.trace.request_id},
             {"requestBytes", call.request_bytes},
             {"replyBytes", result.reply_bytes}});
}

}  // namespace interaction::call
