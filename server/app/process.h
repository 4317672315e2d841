#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "server/telemetry/log.h"

namespace interaction::app {

// Settings of the process that must be made before the first thread and before gRPC: many file descriptors, no core
// dumps (they would hold secrets), a poller of its own for each completion queue, logs of libraries in our form or not
// at all.
void PrepareProcess();

// Sends gRPC's own error lines to `log`, which outlives the process's use of gRPC.
void RedirectGrpcLog(telemetry::Logger* log);

// The environment as name and value.
std::vector<std::pair<std::string, std::string>> Environment();

// SIGTERM and SIGINT as something to wait for. Make it before the first thread: it blocks them in all.
class EndSignals {
 public:
  EndSignals();

  // Waits for a signal, which it returns, or 0 when the time is up first.
  int Wait(absl::Duration timeout = absl::InfiniteDuration()) const;

  // From now on a signal ends the process at once.
  void Restore() const;
};

}  // namespace interaction::app
