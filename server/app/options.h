#pragma once

#include "server/config/config.h"
#include "server/http/client.h"
#include "server/rpc/translated_method.h"
#include "server/upstream/seethepro/options.h"
#include "server/upstream/wolkvox/options.h"

namespace interaction::app {

// The options of each part, out of the one configuration. Pure.
http::ClientOptions HttpClientOptions(const config::Config& config);
http::EndpointOptions EndpointOptions(const config::Config& config, const config::Upstream& upstream);
rpc::MethodOptions MethodOptions(const config::Config& config, const config::Upstream& upstream);
seethepro::Options SeeTheProOptions(const config::Config& config);
wolkvox::Options WolkvoxOptions(const config::Config& config);

}  // namespace interaction::app
