#pragma once

#include <string>

#include "absl/time/time.h"
#include "server/base/clock.h"
#include "server/telemetry/log.h"

namespace interaction::app {

// What signals mean to the server:
//
//   SIGTERM, SIGINT, SIGQUIT, SIGPWR, SIGXCPU   it is to end, in good order
//   SIGHUP, SIGUSR1, SIGALRM and all others     nothing: a line in the log tells of them
//   SIGKILL, faults (SIGSEGV, SIGABRT ...)      the system's: the process is gone
//
// Make it before the first thread: it blocks the signals in all of them, so that none ends the process by itself.
class Signals {
 public:
  // `clock` and `log` outlive it.
  Signals(const Clock* clock, telemetry::Logger* log);

  // Waits for a signal that asks for the end and returns its name, "SIGTERM"; "" when the time is up first.
  std::string WaitForEnd(absl::Duration timeout = absl::InfiniteDuration()) const;

  // From now on a signal that asks for the end ends the process at once.
  void LetThemKill() const;

 private:
  const Clock* const clock_;
  telemetry::Logger* const log_;
};

}  // namespace interaction::app
