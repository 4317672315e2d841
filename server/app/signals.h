#pragma once

#include <string>

#include "absl/time/time.h"
#include "server/base/clock.h"
#include "server/telemetry/log.h"

namespace interaction::app {

// The server's reaction to signals:
//
//   SIGTERM, SIGINT, SIGQUIT, SIGPWR, SIGXCPU   graceful shutdown
//   SIGHUP                                      the configuration is read again
//   SIGUSR1, SIGALRM and all others             a log line
//   SIGKILL, faults (SIGSEGV, SIGABRT ...)      the system's default: the process ends
//
// Create it before the first thread: it blocks the signals in all threads, so that none ends the process by itself.
class Signals {
 public:
  // `clock` and `log` outlive this.
  Signals(const Clock* clock, telemetry::Logger* log);

  enum class Wish { kNone, kReload, kEnd };
  struct Event {
    Wish wish;           // kNone: the time has passed
    std::string signal;  // its name, such as "SIGTERM"
  };

  // Waits for a signal that asks for something.
  Event Wait(absl::Duration timeout) const;

  // Waits for a signal that asks for shutdown and returns its name; "" if the time passes first.
  std::string WaitForEnd(absl::Duration timeout) const;

  // From now on, a signal that asks for shutdown ends the process at once.
  void LetThemKill() const;

 private:
  const Clock* const clock_;
  telemetry::Logger* const log_;
};

}  // namespace interaction::app
