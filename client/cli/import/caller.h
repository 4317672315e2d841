#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "client/cli/session.h"

namespace interaction::cli::import {

// Who calls, in words that are kept in the journal and shown: nothing secret. It stays the same when a token or a
// certificate is replaced by a newer one of the same caller. NOT_FOUND or INVALID_ARGUMENT if a file cannot be read.
//
//   "without a credential", "token of billing at https://issuer.example", "API key a1b2c3d4e5f60718",
//   "certificate of CN=billing 9f8e7d6c5b4a3921"
absl::StatusOr<std::string> CallerOf(const GlobalOptions& options);

}  // namespace interaction::cli::import
