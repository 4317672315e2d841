#pragma once

#include <string>

#include "server/call/admission.h"
#include "server/call/permits.h"
#include "server/call/retry.h"
#include "server/config/config.h"
#include "server/http/client.h"
#include "server/redis/client.h"
#include "server/rpc/translated_method.h"
#include "server/upstream/seethepro/options.h"
#include "server/upstream/wolkvox/options.h"

namespace interaction::app {

// The options of each part, out of the one configuration. Pure.
http::ClientOptions HttpClientOptions(const config::Config& config);
http::EndpointOptions EndpointOptions(const config::Config& config, const config::Upstream& upstream);
rpc::MethodOptions MethodOptions(const config::Config& config, const config::Upstream& upstream);
call::AdmissionOptions AdmissionOptions(const config::Config& config);
call::RetryOptions RetryOptions(const config::Config& config);
call::PermitsOptions PermitsOptions(const config::Config& config, const std::string& section,
                                    const config::Upstream& upstream, const std::string& instance);
redis::ClientOptions RedisOptions(const config::Config& config);
seethepro::Options SeeTheProOptions(const config::Config& config);
wolkvox::Options WolkvoxOptions(const config::Config& config);

}  // namespace interaction::app
