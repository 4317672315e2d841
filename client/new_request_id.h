#pragma once

#include <array>
#include <string>

namespace interaction {

// The UUID that these bytes are, but for the bits that tell its version (RFC 9562) and variant, in lower case.
std::string UuidOf(std::array<unsigned char, 16> bytes, int version);

// A new random UUID (RFC 9562, version 4), in lower case.
std::string NewRequestId();

}  // namespace interaction
