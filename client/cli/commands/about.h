#pragma once

#include "client/cli/commands/command.h"

namespace interaction::cli {

// What interactionctl says about itself: `help [COMMAND]`, `version`, `completion SHELL`, and `manual`, which writes
// the man page.
Command AddHelp(CLI::App& root);
Command AddVersion(CLI::App& root);
Command AddCompletion(CLI::App& root);
Command AddManual(CLI::App& root);

}  // namespace interaction::cli
