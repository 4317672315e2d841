#pragma once

#include "server/config/config.h"
#include "server/config/load.h"

namespace interaction::app {

// Checks that need the code which uses a value: whether URLs can be joined, whether addresses may be reached, whether
// certificates and keys can be used. For config::Load(), so that --check-config finds everything that would stop the
// start or fail every call. Reads the TLS files. Call http::GlobalInit() first.
void CheckConfig(const config::Config& config, const config::Complain& complain);

}  // namespace interaction::app
