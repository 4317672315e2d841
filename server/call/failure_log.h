#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "server/base/clock.h"
#include "server/base/errors.h"
#include "server/lane/timers.h"
#include "server/telemetry/line_limit.h"
#include "server/telemetry/log.h"

namespace interaction::call {

// The level at which a failed call is logged: info for what the caller did (a request that breaks the rules, a
// credential of its own that is refused, a deadline too short, leaving early), warning for everything else, and for
// every unknown outcome whoever caused it.
telemetry::LogLevel LevelOf(const absl::Status& error, const ErrorDetails& details);

// The log lines about failed calls of one method. Of failures with one reason and level, ten a second get a line of
// their own; a line a second later says how many more there were. Every unknown outcome has its line. Thread-safe,
// without a lock.
class FailureLog {
 public:
  // `upstream`: behind the method; may be empty. `log` may be null, or outlives this.
  FailureLog(absl::string_view upstream, telemetry::Logger* log);
  ~FailureLog();  // logs what was left out and not told yet; when no lane runs any more

  // A call ended with `error`, on the lane whose timers these are. `request_id` may be empty.
  void Report(const absl::Status& error, absl::string_view request_id, SteadyTime now, lane::Timers& timers);

 private:
  // Failures of one reason and level.
  class Kind;

  Kind& KindOf(Reason reason, telemetry::LogLevel level);

  const std::string upstream_;
  telemetry::Logger* const log_;
  std::vector<std::unique_ptr<Kind>> kinds_;  // two for each reason
};

}  // namespace interaction::call
