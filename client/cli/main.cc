#include <fcntl.h>
#include <grpc/support/log.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "client/cli/cli.h"

namespace {

// A standard stream that the caller closed would be the number of the next socket, and get its bytes. So something is
// opened in its place that can be neither read nor written as the stream would be: using it fails as it should.
void OccupyClosedStreams() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(fd, F_GETFD) == -1) open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
}

// Before the constructors of libraries: gRPC's open a descriptor already.
[[gnu::section(".preinit_array"), gnu::used]] void (*const kOccupyClosedStreams)() = &OccupyClosedStreams;

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
