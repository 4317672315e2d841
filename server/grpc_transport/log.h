#pragma once

#include "server/telemetry/log.h"

namespace interaction::grpc_transport {

// Sends gRPC's own error lines to `log`, whatever GRPC_VERBOSITY says; null drops them. `log` outlives the use of gRPC.
void RedirectLog(telemetry::Logger* log);

}  // namespace interaction::grpc_transport
