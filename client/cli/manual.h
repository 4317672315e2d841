#pragma once

#include <string>

#include <CLI/App.hpp>

namespace interaction::cli {

// The text below the flags of `interactionctl --help`: exit codes, and where data and messages go.
extern const char kExitCodes[];

// interactionctl(1), in the language of man.
std::string ManualPage(const CLI::App& root);

}  // namespace interaction::cli
