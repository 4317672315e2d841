#pragma once

#include "client/cli/commands/command.h"

namespace interaction::cli {

// import: opens an interaction for each row of a file.
Command AddImport(CLI::App& root);

}  // namespace interaction::cli
