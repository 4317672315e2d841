#include "server/app/command_line.h"

#include <CLI/CLI.hpp>
#include <iostream>

#include "version/version.h"

namespace interaction::app {
namespace {

constexpr char kDescription[] =
    "Serves interaction.v1.InteractionService over gRPC and translates each call into the vendors' REST APIs.\n"
    "\n"
    "Examples:\n"
    "  interaction-server --config /etc/interaction/server.yaml\n"
    "  interaction-server --config server.yaml --set server.listen=127.0.0.1:50051\n"
    "  interaction-server --config server.yaml --check-config\n"
    "  interaction-server --config server.yaml --check-config --caller token:billing\n"
    "  interaction-server --config server.yaml --health";

constexpr char kFooter[] =
    "Every key of the configuration can also be set in the environment: INTERACTION_ and the key in upper case, with "
    "two\n"
    "underscores for a dot (INTERACTION_SERVER__LISTEN). File, environment and flags apply in this order; the last "
    "wins.\n"
    "\n"
    "SIGHUP, or a change of one of its files, makes the server read its configuration again; a mistake leaves the old "
    "one in\n"
    "use, and the log says why.\n"
    "SIGTERM, SIGINT and SIGQUIT shut the server down gracefully: calls are still accepted for calls.drain_delay, then "
    "those\n"
    "in flight may finish. A second signal skips the rest of the delay, one after it ends the server at once.\n"
    "Exit codes: 0 shut down gracefully, 1 cannot serve, 2 wrong command line, 78 wrong configuration.";

}  // namespace

CommandLine ParseCommandLine(int argc, const char* const* argv, std::optional<int>* exit_code) {
  CommandLine line;
  CLI::App app(kDescription, "interaction-server");
  app.footer(kFooter);
  app.set_version_flag("--version", VersionLine("interaction-server"), "Prints version, commit and build, and exits");
  app.add_option("--config", line.config_file, "The configuration, a YAML file")
      ->type_name("FILE")
      ->envname("INTERACTION_CONFIG");
  app.add_option("--set", line.sets, "Sets one key of the configuration; repeatable")
      ->type_name("KEY=VALUE")
      ->expected(1)
      ->take_all();
  CLI::Option* const check = app.add_flag("--check-config", line.check_config,
                                          "Checks the configuration and the files that it names, and exits");
  app.add_option("--caller", line.caller, "With --check-config: says what a caller may do")
      ->type_name("certificate:NAME|token:SUBJECT|api_key:NAME")
      ->needs(check);
  app.add_flag("--print-config", line.print_config, "Prints the configuration in effect, without secrets, and exits");
  app.add_flag("--health", line.health,
               "Asks the server that runs with this configuration whether it can serve, and exits: 0 yes, 1 no")
      ->excludes(check);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {  // thrown by CLI11, also for --help and --version
    *exit_code = app.exit(error, std::cout, std::cerr) == 0 ? 0 : 2;
    if (!std::cout.flush()) *exit_code = 1;  // standard output is full or closed
  }
  return line;
}

}  // namespace interaction::app
