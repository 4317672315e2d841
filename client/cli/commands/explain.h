#pragma once

#include "client/cli/commands/command.h"

namespace interaction::cli {

// What a reason of an error means, and what to do about it.
Command AddExplain(CLI::App& root);

}  // namespace interaction::cli
