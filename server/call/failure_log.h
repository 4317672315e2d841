#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "server/base/clock.h"
#include "server/base/errors.h"
#include "server/event/timers.h"
#include "server/telemetry/line_limit.h"
#include "server/telemetry/log.h"

namespace interaction::call {

// Logs failed calls of one method. At most ten a second with the same reason and level get a line each; a second later,
// another line says how many more there were. Every unknown outcome gets a line. Thread-safe, without a lock.
class FailureLog {
 public:
  // `upstream` is the method's and may be empty. `log` outlives this, or is null.
  FailureLog(absl::string_view upstream, telemetry::Logger* log);
  ~FailureLog();  // logs how many lines were left out; after the lanes have ended

  // Reports a call that ended with `error`, on the lane that owns `timers`. `request_id` and `caller` may be empty.
  void Report(const absl::Status& error, absl::string_view request_id, absl::string_view caller, SteadyTime now,
              event::Timers& timers);

 private:
  // The failures with one reason and level.
  class Kind;

  Kind& KindOf(Reason reason, telemetry::LogLevel level);

  const std::string upstream_;
  telemetry::Logger* const log_;
  std::vector<std::unique_ptr<Kind>> kinds_;  // two for each reason
};

}  // namespace interaction::call
