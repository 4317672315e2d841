#pragma once

#include "server/config/config.h"
#include "server/config/setting.h"

namespace interaction::config {

// Finds what cannot be seen from one key alone: values that contradict each other, and files that cannot be read.
void Check(const Config& config, const Origins& origins, Problems* problems);

// Reads the files that say who may call.
void ReadCallers(const Origins& origins, Config* config, Problems* problems);

// Reads the secrets that the configuration names by file.
void ReadSecrets(const Origins& origins, Config* config, Problems* problems);

}  // namespace interaction::config
