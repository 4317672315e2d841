#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace interaction::sandbox {

// A listening socket and its port. The owner closes it.
struct Listener {
  int socket;
  int port;
};

// Listens at `host` (a name or an address) and `port` (0: any free one), for up to 4,096 connections that are not yet
// accepted. INVALID_ARGUMENT if the host does not resolve, ALREADY_EXISTS if the port is in use, INTERNAL otherwise.
absl::StatusOr<Listener> Listen(const std::string& host, int port);

}  // namespace interaction::sandbox
