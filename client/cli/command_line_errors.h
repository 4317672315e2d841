#pragma once

#include <optional>
#include <string>

#include <CLI/App.hpp>

namespace interaction::cli {

// What is wrong with the command line that `root` could not parse, in a line for people; nullopt if help or the version
// was asked for and nothing is wrong with that.
std::optional<std::string> DescribeError(const CLI::App& root, const CLI::ParseError& error);

}  // namespace interaction::cli
