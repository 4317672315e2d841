#pragma once

#include <optional>
#include <string>
#include <vector>

namespace interaction::app {

// The command line of interaction-server.
struct CommandLine {
  std::string config_file;        // --config, or INTERACTION_CONFIG
  std::vector<std::string> sets;  // --set path=value
  std::string caller;             // --caller: with --check-config, says what a caller may do
  bool check_config = false;      // --check-config: read the configuration, report mistakes, exit
  bool health = false;            // --health: ask the gateway that runs with this configuration whether it can serve
  bool print_config = false;      // --print-config: print the configuration in effect, without secrets, and exit
};

// Parses the command line. If there is nothing to run (--help, --version, a mistake), it prints the text and sets
// `exit_code`: 0, or 2 for a mistake.
CommandLine ParseCommandLine(int argc, const char* const* argv, std::optional<int>* exit_code);

}  // namespace interaction::app
