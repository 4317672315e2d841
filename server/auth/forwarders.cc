#include "server/auth/forwarders.h"

#include <arpa/inet.h>
#include <string.h>

#include <algorithm>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace interaction::auth {
namespace {

// `*bits` (may be null): of the address within the result.
std::optional<in6_addr> ParseAddress(const std::string& text, int* offset) {
  in6_addr address{};
  if (inet_pton(AF_INET6, text.c_str(), &address) == 1) {
    *offset = 0;
    return address;
  }
  *offset = 96;
  if (inet_pton(AF_INET6, absl::StrCat("::ffff:", text).c_str(), &address) != 1) return std::nullopt;
  return address;
}

bool HasPrefix(const in6_addr& address, const in6_addr& prefix, int bits) {
  if (memcmp(&address, &prefix, bits / 8) != 0) return false;
  if (bits % 8 == 0) return true;
  const int difference = address.s6_addr[bits / 8] ^ prefix.s6_addr[bits / 8];
  return difference >> (8 - bits % 8) == 0;
}

}  // namespace

absl::StatusOr<Forwarders> Forwarders::Parse(const std::vector<std::string>& peers) {
  Forwarders forwarders;
  for (absl::string_view peer : peers) {
    if (peer == "unix") {
      forwarders.unix_sockets_ = true;
    } else if (absl::ConsumePrefix(&peer, "certificate:") && !peer.empty()) {
      forwarders.certificates_.emplace_back(peer);
    } else {
      const size_t slash = peer.find('/');
      int offset = 0, bits = 0;
      const std::optional<in6_addr> address = ParseAddress(std::string(peer.substr(0, slash)), &offset);
      if (slash == peer.npos) {
        bits = 128 - offset;
      } else if (!absl::SimpleAtoi(peer.substr(slash + 1), &bits)) {
        bits = -1;
      }
      if (!address || bits < 0 || bits > 128 - offset) {
        return absl::InvalidArgumentError(
            absl::StrCat("\"", peer, "\" is not unix, an address, a range such as 10.0.0.0/8, or certificate:NAME"));
      }
      forwarders.ranges_.push_back({*address, offset + bits});
    }
  }
  return forwarders;
}

bool Forwarders::ContainAddress(absl::string_view peer) const {
  absl::string_view host = peer.substr(0, peer.rfind(':'));
  if (!absl::ConsumePrefix(&host, "ipv4:") && !absl::ConsumePrefix(&host, "ipv6:")) return false;
  absl::ConsumePrefix(&host, "[");
  absl::ConsumeSuffix(&host, "]");
  int offset = 0;
  const std::optional<in6_addr> address = ParseAddress(std::string(host), &offset);
  return address && std::any_of(ranges_.begin(), ranges_.end(),
                                [&](const Range& range) { return HasPrefix(*address, range.prefix, range.bits); });
}

bool Forwarders::Contain(absl::string_view peer, const Caller& connection) const {
  if (connection.proof == Proof::kCertificate &&
      std::find(certificates_.begin(), certificates_.end(), connection.identity) != certificates_.end()) {
    return true;
  }
  if (unix_sockets_ && absl::StartsWith(peer, "unix:")) return true;
  return !ranges_.empty() && ContainAddress(peer);
}

}  // namespace interaction::auth
