#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/base/secret.h"

namespace interaction::config {

// Reads files that the configuration names. Only regular files are read (also through symbolic links, as Kubernetes
// mounts them), so that no pipe or device can block the start. Every error message is the end of a line: it names the
// file, in quotes, and never repeats its content.

// The content; INVALID_ARGUMENT if it is longer than `max_bytes`.
absl::StatusOr<std::string> ReadFile(const std::string& path, size_t max_bytes);

// A key or token of 1 to 512 printable ASCII characters without blanks, which an HTTP header can carry unchanged. One
// line break at its end is removed; any other character that is not allowed is an error.
absl::StatusOr<Secret> ReadSecret(const std::string& path);

// The permission bits of the file that the path leads to; 0 if there is none.
mode_t ModeOf(const std::string& path);

// Whether the file can be opened for reading at present.
absl::Status CheckReadable(const std::string& path);

}  // namespace interaction::config
