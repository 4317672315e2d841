#pragma once

#include <functional>

#include <CLI/App.hpp>

#include "client/cli/session.h"

namespace interaction::cli {

// A subcommand: its part of the command line, and what to do when that was given. `run` returns the exit code.
struct Command {
  CLI::App* app;
  std::function<int(Session&)> run;
  bool needs_input = false;  // it does nothing by itself: without flags and arguments of its own it is explained
};

}  // namespace interaction::cli
