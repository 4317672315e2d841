#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/app/key_source.h"
#include "server/auth/gate.h"
#include "server/call/call_metrics.h"
#include "server/config/config.h"
#include "server/front/front.h"
#include "server/grpc_transport/grpc_transport.h"
#include "server/http/client.h"
#include "server/limits/admission.h"
#include "server/limits/permits.h"
#include "server/limits/retry.h"
#include "server/redis/client.h"
#include "server/tls/client_context.h"
#include "server/tls/server_context.h"
#include "server/upstream/seethepro/options.h"
#include "server/upstream/upstream.h"
#include "server/upstream/wolkvox/options.h"

namespace interaction::app {

// Derives the options of each part from the configuration. Pure functions.
http::ClientOptions HttpClientOptions(const config::Config& config);
http::EndpointOptions EndpointOptions(const config::Config& config, const config::Upstream& upstream,
                                      std::shared_ptr<const tls::ClientContext> tls);
// By what callers are identified, and what they may do. `previous` (may be null): what goes on counting, and the key
// set that was fetched. INVALID_ARGUMENT: a peer in callers.forwarded_from is not one.
absl::StatusOr<auth::Access> AccessOptions(const config::Config& config, const auth::Access* previous);
KeySourceOptions KeyOptions(const config::Config& config);
tls::ClientFiles UpstreamTlsFiles(const config::Config& config);
tls::ServerFiles ServerTlsFiles(const config::Config& config);
upstream::UpstreamOptions UpstreamOptions(const config::Config& config, const config::Upstream& upstream);
limits::AdmissionOptions AdmissionOptions(const config::Config& config);
limits::RetryOptions RetryOptions(const config::Config& config);
limits::PermitsOptions PermitsOptions(const config::Config& config, const std::string& section,
                                      const config::Upstream& upstream, const std::string& instance);
redis::ClientOptions RedisOptions(const config::Config& config);  // without TLS
tls::ClientFiles RedisTlsFiles(const config::Config& config);
// Null without redis.tls. Reads the files.
absl::StatusOr<std::shared_ptr<const tls::ClientContext>> MakeRedisTls(const config::Config& config, absl::Time now);
grpc_transport::Options GrpcTransportOptions(const config::Config& config);
// The hosts that calls are sent to as far as the configuration names them.
std::vector<call::CallMetrics::Host> KnownHosts(const config::Config& config);
front::Options FrontOptions(const config::Config& config);
seethepro::Options SeeTheProOptions(const config::Config& config);
wolkvox::Options WolkvoxOptions(const config::Config& config);

}  // namespace interaction::app
