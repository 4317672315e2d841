#pragma once

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "server/call/failure_log.h"
#include "server/call/observer.h"
#include "server/telemetry/counters.h"
#include "server/telemetry/log.h"

namespace interaction::call {

// Logs calls that failed, and answers that arrived after their callers had left. Thread-safe.
class CallLog final : public Observer {
 public:
  // `upstreams`: those whose failed calls get a line, up to ten a second for each reason; none where every call has a
  // line of its own (AccessLog). `counters` and `log` outlive this, or are null.
  CallLog(const std::vector<std::string>& upstreams, telemetry::Counters* counters, telemetry::Logger* log);

  void OnAttemptEnd(const Call& call, const AttemptResult& attempt) override;
  void OnEnd(const Call& call) override;

 private:
  FailureLog* FailuresOf(absl::string_view upstream);

  telemetry::Counters* const counters_;
  telemetry::Logger* const log_;
  std::deque<std::pair<std::string, FailureLog>> failures_;  // by upstream; constant
};

}  // namespace interaction::call
