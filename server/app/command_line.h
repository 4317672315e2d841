#pragma once

#include <optional>
#include <string>
#include <vector>

namespace interaction::app {

// What the command line of interaction-server says.
struct CommandLine {
  std::string config_file;        // --config, or INTERACTION_CONFIG
  std::vector<std::string> sets;  // --set path=value
  bool check_config = false;      // --check-config: read the configuration, say what is wrong with it, end
  bool print_config = false;      // --print-config: print the configuration in effect, without secrets, end
};

// Reads the command line. Where there is nothing to run (--help, --version, a mistake) it has printed what there is to
// say and fills `exit_code`: 0, or 2 for a mistake.
CommandLine ParseCommandLine(int argc, const char* const* argv, std::optional<int>* exit_code);

}  // namespace interaction::app
