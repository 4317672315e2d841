#pragma once

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"

namespace interaction {

// More than any file that a client reads.
inline constexpr size_t kMaxFileBytes = size_t{4} << 20;

// The bytes of a file, which may be a pipe. Errors name the file:
//   NOT_FOUND         it cannot be read, with the reason of the system: "cannot read key.pem: Permission denied"
//   INVALID_ARGUMENT  it is larger than kMaxFileBytes
absl::StatusOr<std::string> ReadFile(const std::string& path);

}  // namespace interaction
