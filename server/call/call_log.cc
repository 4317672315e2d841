#include "server/call/call_log.h"

#include "server/base/errors.h"

namespace interaction::call {

CallLog::CallLog(const std::vector<std::string>& upstreams, telemetry::Counters* counters, telemetry::Logger* log)
    : counters_(counters), log_(log) {
  for (const std::string& upstream : upstreams) {
    failures_.emplace_back(std::piecewise_construct, std::forward_as_tuple(upstream),
                           std::forward_as_tuple(upstream, log));
  }
}

// The caller has got an error already, so only the log tells what became of the interaction.
void CallLog::OnAttemptEnd(const Call& call, const AttemptResult& attempt) {
  if (!attempt.is_late) return;
  if (counters_) counters_->Add(telemetry::Counter::kLateAnswers);
  if (log_ == nullptr) return;
  log_->Log(telemetry::LogLevel::kWarning, "answer arrived after its caller had left",
            {{"upstream", call.upstream->name},
             {"outcome", OutcomeName(OutcomeOf(attempt.status))},
             {"reason", attempt.status.ok() ? "" : Describe(GetErrorDetails(attempt.status).reason).name},
             {"requestId", call.request_id},
             {"interactionId", attempt.interaction_id}});
}

void CallLog::OnEnd(const Call& call) {
  if (call.result.status.ok()) return;
  FailureLog* const failures = FailuresOf(call.upstream->name);
  if (failures == nullptr) return;
  failures->Report(call.result.status, call.request_id, call.caller.Name(), call.lane->clock().SteadyNow(),
                   call.lane->timers());
}

FailureLog* CallLog::FailuresOf(absl::string_view upstream) {
  for (auto& [name, failures] : failures_) {
    if (name == upstream) return &failures;
  }
  return nullptr;
}

}  // namespace interaction::call
