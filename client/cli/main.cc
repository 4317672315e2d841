#include <grpc/support/log.h>
#include <signal.h>

#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "client/cli/cli.h"

namespace {

void PrepareProcess() {
  signal(SIGPIPE, SIG_IGN);  // a reader that has gone is an error of writing, to be told like any other
  // With C's streams in between, an input that cannot be read looks like one that is empty.
  std::ios::sync_with_stdio(false);
  // gRPC's log repeats what errors say already, in its own words; whoever asks for it gets it.
  if (std::getenv("GRPC_VERBOSITY") == nullptr) gpr_set_log_function([](gpr_log_func_args*) {});
}

}  // namespace

int main(int argc, char** argv) {
  PrepareProcess();
  const std::vector<std::string> args(argv + 1, argv + argc);
  const int exit_code = interaction::cli::RunCli(args, &std::getenv, std::cin, std::cout, std::cerr);
  // A shell goes on with its script after a program that exits, but not after one that a signal ended.
  if (exit_code > 128) {
    signal(exit_code - 128, SIG_DFL);
    raise(exit_code - 128);
  }
  return exit_code;
}
