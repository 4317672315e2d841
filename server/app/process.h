#pragma once

#include <string>
#include <utility>
#include <vector>

#include "server/config/config.h"
#include "server/telemetry/log.h"

namespace interaction::app {

// Process-wide settings that must be made before the first thread: many file descriptors, no core dumps (which would
// contain secrets), no lines of Protobuf's.
void PrepareProcess();

// Logs a warning if the process may open fewer files than the configured number of concurrent calls needs. Call it
// after PrepareProcess().
void WarnOfFewDescriptors(const config::Calls& calls, telemetry::Logger* log);

// The environment variables, as names and values.
std::vector<std::pair<std::string, std::string>> Environment();

}  // namespace interaction::app
