#pragma once

#include "client/cli/commands/command.h"

namespace interaction::cli {

// health: asks whether the gateway, or one service of it, is ready.
Command AddHealth(CLI::App& root);

}  // namespace interaction::cli
