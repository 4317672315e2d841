#pragma once

#include <string>
#include <vector>

#include <CLI/App.hpp>

namespace interaction::cli {

// The commands of interactionctl, in the order in which help lists them.
std::vector<const CLI::App*> CommandsOf(const CLI::App& root);

// The flags of a command, or those of every command if it is the root.
std::vector<const CLI::Option*> FlagsOf(const CLI::App& app);

// A script for "bash", "zsh" or "fish" by which it completes commands, flags, files and the values of --output. Empty
// for another shell.
std::string CompletionScript(const CLI::App& root, const std::string& shell);

}  // namespace interaction::cli
