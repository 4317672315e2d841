#pragma once

#include <string>

namespace interaction::front {

// The other end of a connected socket as gRPC writes it: "ipv4:10.0.0.7:4711", "ipv6:[2001:db8::1]:4711", "unix:"; ""
// if the connection is gone.
std::string PeerOf(int fd);

}  // namespace interaction::front
