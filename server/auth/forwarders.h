#pragma once

#include <netinet/in.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/auth/caller.h"

namespace interaction::auth {

// The peers whose word about a caller's certificate counts: proxies that end TLS in front of the gateway. Immutable.
class Forwarders {
 public:
  // Each is "unix" (connections by a Unix socket), an address or a range of addresses ("127.0.0.1", "10.0.0.0/8",
  // "fd00::/8"), or what a proxy's own certificate names ("certificate:spiffe://example.org/ingress").
  // INVALID_ARGUMENT for anything else.
  static absl::StatusOr<Forwarders> Parse(const std::vector<std::string>& peers);

  // `peer`: from rpc::ServerCall::peer(), "ipv4:10.0.0.7:4711". `connection`: by the connection's certificate.
  bool Contain(absl::string_view peer, const Caller& connection) const;

 private:
  struct Range {
    in6_addr prefix;  // an IPv4 address as ::ffff:10.0.0.7
    int bits;
  };

  bool ContainAddress(absl::string_view peer) const;

  bool unix_sockets_ = false;
  std::vector<Range> ranges_;
  std::vector<std::string> certificates_;
};

}  // namespace interaction::auth
