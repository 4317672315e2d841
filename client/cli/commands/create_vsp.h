#pragma once

#include "client/cli/commands/command.h"

namespace interaction::cli {

// create-vsp: opens a video interaction at SeeThePro.
Command AddCreateVsp(CLI::App& root);

}  // namespace interaction::cli
