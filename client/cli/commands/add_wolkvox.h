#pragma once

#include "client/cli/commands/command.h"

namespace interaction::cli {

// add-wolkvox: routes an atypical interaction at wolkvox.
Command AddAddWolkvox(CLI::App& root);

}  // namespace interaction::cli
