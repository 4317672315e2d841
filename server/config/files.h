#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/base/secret.h"

namespace interaction::config {

// Reads files that the configuration names. Only regular files (through links, as Kubernetes mounts them), so that no
// pipe or device can block the start. The messages of all errors are the tail of a line: they name the file, in quotes,
// and never repeat what is in it.

// The content; INVALID_ARGUMENT when there is more than `max_bytes` of it.
absl::StatusOr<std::string> ReadFile(const std::string& path, size_t max_bytes);

// A key or token of 1 to 512 printable ASCII characters without blanks, which is what an HTTP header can carry
// unharmed. One line end at its end is taken off; anything else that does not belong there is an error, not repaired.
absl::StatusOr<Secret> ReadSecret(const std::string& path);

// The permission bits of the file, through links; 0 if it is not there.
mode_t ModeOf(const std::string& path);

// Whether the file can be opened for reading now.
absl::Status CheckReadable(const std::string& path);

}  // namespace interaction::config
