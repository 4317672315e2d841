#pragma once

#include "server/config/config.h"
#include "server/config/setting.h"

namespace interaction::config {

// What no key can tell alone: values that contradict each other, and files that cannot be read.
void Check(const Config& config, const Origins& origins, Problems* problems);

// Fills in what the configuration names only by file.
void ReadSecrets(const Origins& origins, Config* config, Problems* problems);

}  // namespace interaction::config
