#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "client/cli/session.h"

namespace interaction::cli {

// interactionctl as a function. `args` do not include the program's name; data is written to `out`, messages to `err`.
// Returns the exit code of exit_code.h. Blocks until the call is answered or timed out.
int RunCli(const std::vector<std::string>& args, const GetEnv& getenv, std::istream& in, std::ostream& out,
           std::ostream& err);

}  // namespace interaction::cli
