#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace interaction {

// Whether gRPC will call exactly what `target` says: gRPC takes a port above 65535 modulo 65536, and 443 if there is
// none. The error is INVALID_ARGUMENT and gives a correct example:
//
//   'gateway' is not an address: the port is missing; for example gateway:50051
//
// Names of other schemes than dns, ipv4, ipv6 and unix (xds, for example) are left to gRPC.
absl::Status CheckTarget(absl::string_view target);

// The same for a proxy: empty, or http://[user:password@]host:port.
absl::Status CheckProxy(absl::string_view url);

// `url` as it may be shown: "http://u:secret@host:1" -> "http://host:1".
std::string WithoutUser(absl::string_view url);

}  // namespace interaction
