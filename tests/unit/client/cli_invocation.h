#pragma once

#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "client/cli/cli.h"

namespace interaction::cli {

// What a run of interactionctl came to.
struct Result {
  int exit_code;
  std::string out;
  std::string err;
};

struct Surroundings {
  std::map<std::string, std::string> variables;
  std::string input;
};

inline Result Invoke(const std::vector<std::string>& args, const Surroundings& surroundings = {}) {
  std::istringstream in(surroundings.input);
  std::ostringstream out;
  std::ostringstream err;
  const GetEnv getenv = [&surroundings](const char* name) {
    const auto variable = surroundings.variables.find(name);
    return variable == surroundings.variables.end() ? nullptr : variable->second.c_str();
  };
  const int exit_code = RunCli(args, getenv, in, out, err);
  return {exit_code, out.str(), err.str()};
}

}  // namespace interaction::cli
