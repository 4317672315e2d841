#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace interaction::h2 {

// grpc-message: UTF-8 in which every byte but printable ASCII, and "%", is written as "%XX" (PROTOCOL-HTTP2.md).
std::string PercentEncode(absl::string_view text);

// The value of a "-bin" header: Base64 without padding.
std::string EncodeBinary(absl::string_view bytes);

}  // namespace interaction::h2
