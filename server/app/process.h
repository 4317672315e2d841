#pragma once

#include <string>
#include <utility>
#include <vector>

#include "server/config/config.h"
#include "server/telemetry/log.h"

namespace interaction::app {

// Settings of the process that must be made before the first thread and before gRPC: many file descriptors, no core
// dumps (they would hold secrets), a poller of its own for each completion queue, logs of libraries in our form or not
// at all.
void PrepareProcess();

// Warns in the log if the process may open fewer files than the calls that the configuration allows at once need. After
// PrepareProcess().
void WarnOfFewDescriptors(const config::Calls& calls, telemetry::Logger* log);

// Sends gRPC's own error lines to `log`, whatever GRPC_VERBOSITY says; null: nowhere any more. `log` outlives the
// process's use of gRPC.
void RedirectGrpcLog(telemetry::Logger* log);

// The environment as name and value.
std::vector<std::pair<std::string, std::string>> Environment();

}  // namespace interaction::app
