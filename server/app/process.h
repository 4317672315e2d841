#pragma once

#include <string>
#include <utility>
#include <vector>

#include "server/config/config.h"
#include "server/telemetry/log.h"

namespace interaction::app {

// Process-wide settings that must be made before the first thread and before gRPC is used: many file descriptors, no
// core dumps (which would contain secrets), one poller for each completion queue, logs of libraries in our format or
// not at all.
void PrepareProcess();

// Logs a warning if the process may open fewer files than the configured number of concurrent calls needs. Call it
// after PrepareProcess().
void WarnOfFewDescriptors(const config::Calls& calls, telemetry::Logger* log);

// Sends gRPC's own error lines to `log`, whatever GRPC_VERBOSITY says; null drops them. `log` outlives the use of gRPC.
void RedirectGrpcLog(telemetry::Logger* log);

// The environment variables, as names and values.
std::vector<std::pair<std::string, std::string>> Environment();

}  // namespace interaction::app
