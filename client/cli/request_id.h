#pragma once

#include <string>

#include "absl/random/bit_gen_ref.h"

namespace interaction::cli {

// A new random UUID (RFC 9562, version 4), in lower case.
std::string NewRequestId(absl::BitGenRef random);

}  // namespace interaction::cli
