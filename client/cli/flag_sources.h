#pragma once

#include <map>
#include <string>
#include <vector>

#include <CLI/App.hpp>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cli/session.h"

namespace interaction::cli {

// How help and the manual tell where flags come from.
extern const char kFlagSources[];

// Sets the flags that the command line left out, of the program and of the command that was given: from the environment
// (INTERACTION_ADDRESS stands for --address), then from the profile. The errors, INVALID_ARGUMENT and NOT_FOUND, name
// the variable, or the file and the key. Session::set_elsewhere gets the flags that were set.
absl::Status SetFlagsFromElsewhere(CLI::App& root, Session& session);

// A profile of a file: flags without their dashes, and their values.
//
//   default: production
//   profiles:
//     production: {address: "gateway.example:443", tls: true, token-file: /run/token, H: ["tenant=a", "team=b"]}
using Profile = std::map<std::string, std::vector<std::string>>;

// Reads one, or the default if `name` is empty: empty if the file names none.
absl::StatusOr<Profile> ReadProfile(const std::string& path, const std::string& name);

}  // namespace interaction::cli
