#pragma once

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "interaction/client.h"

namespace interaction {

// Whether the files of `options` may be used as they are meant to be. INVALID_ARGUMENT: a token and an API key
// together; either of them in clear, on a connection to another machine; NOT_FOUND: a file cannot be read.
absl::Status CheckCredential(const ClientOptions& options);

// The metadata by which the caller says who it is: name and value; both empty: none. Reads the file, which may have
// changed since the last call. Errors as above, and INVALID_ARGUMENT for a file that holds no token or key.
absl::StatusOr<std::pair<std::string, std::string>> CredentialMetadata(const ClientOptions& options);

}  // namespace interaction
