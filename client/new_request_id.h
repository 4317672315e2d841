#pragma once

#include <string>

namespace interaction {

// A new random UUID (RFC 9562, version 4), in lower case.
std::string NewRequestId();

}  // namespace interaction
