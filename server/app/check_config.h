#pragma once

#include "server/config/config.h"
#include "server/config/load.h"

namespace interaction::app {

// What only the parts that use a value can tell of it: whether URLs can be joined and addresses be reached, whether
// certificates and keys can be used. For config::Load(), so that --check-config finds all that would stop the start or
// fail every call. Reads the files of TLS. Call http::GlobalInit() first.
void CheckConfig(const config::Config& config, const config::Complain& complain);

}  // namespace interaction::app
