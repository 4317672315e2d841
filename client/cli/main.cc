#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "client/cli/cli.h"

int main(int argc, char** argv) {
  const std::vector<std::string> args(argv + 1, argv + argc);
  return interaction::cli::RunCli(args, &std::getenv, std::cin, std::cout, std::cerr);
}
