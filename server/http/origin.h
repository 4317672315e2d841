#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/base/clock.h"
#include "server/http/address_policy.h"
#include "server/http/curl_handles.h"
#include "server/http/resolver.h"
#include "server/http/socket_events.h"
#include "server/http/url.h"

struct curl_slist;

namespace interaction::http {

class Transfer;

// Up to kMaxConnections connections to one origin. libcurl walks through the connections of a multi handle, busy ones
// included, both to find one to reuse and when a transfer is taken back; with thousands in flight that costs more than
// the transfer itself. So each group keeps its connections, its addresses and its TLS sessions in a share handle of its
// own, and a walk is short.
class ConnectionGroup {
 public:
  static constexpr int kMaxConnections = 32;

  // `host` has brackets if it is an IPv6 address.
  ConnectionGroup(const std::string& host, int port);
  ~ConnectionGroup();  // closes its connections; no transfer refers to it any more

  void* share() const { return share_.get(); }  // nullptr: out of memory

  // The host's addresses as an entry of CURLOPT_RESOLVE. Valid until the next call.
  curl_slist* resolve(const std::vector<std::string>& ips);

  bool has_idle() const { return open() > in_flight; }
  bool has_room() const { return open() < kMaxConnections && in_flight < kMaxConnections; }

  SocketGroup sockets;
  int in_flight = 0;               // transfers given to libcurl
  SteadyTime last_used = 0;        // when a transfer began or ended
  uint64_t loaded_generation = 0;  // of the addresses that libcurl has for this group

 private:
  int open() const { return static_cast<int>(sockets.open.size()); }

  std::string resolve_text_;
  const std::unique_ptr<curl_slist> resolve_;
  const ShareHandle share_;  // destroyed first
};

// One scheme, host and port that transfers of an endpoint go to: its addresses and its connections.
class Origin {
 public:
  // `via_proxy`: the proxy resolves the name, not we.
  Origin(const Url& url, bool via_proxy) : url_(url), via_proxy_(via_proxy) {}

  const std::string& host() const { return url_.host; }
  bool via_proxy() const { return via_proxy_; }

  // Whether the addresses are unknown or so old that the resolver has to be asked (again).
  bool WantsAddresses(SteadyTime now) const { return !via_proxy_ && !asking && now >= fresh_until_; }

  // The resolver's answer: takes those addresses that the policy allows.
  void Take(absl::StatusOr<Addresses> answer, const AddressPolicy& policy, SteadyTime now);

  // OK if there is an address to connect to; else why not.
  const absl::Status& status() const { return status_; }
  const Addresses& addresses() const { return addresses_; }

  // The group for the next transfer: one with an idle connection, or else with room for another.
  ConnectionGroup* PickGroup(SteadyTime now);

  // Closes the connections of groups that were not used since `before`.
  void DropGroupsUnusedSince(SteadyTime before);

  // How long an idle connection can be used again, as far as the upstream has said (Keep-Alive): less than what it
  // said, so that a request and its end of the connection do not cross. Infinite if it has said nothing, zero if it is
  // too short to be used.
  absl::Duration max_idle() const { return max_idle_; }
  void TakeKeepAlive(std::optional<absl::Duration> keep_alive);

  // Whether it can be forgotten: it has no connection, and nothing refers to it.
  bool IsUnused() const { return !asking && waiting.empty() && groups_.empty(); }

  bool asking = false;             // the resolver owes an answer
  std::vector<Transfer*> waiting;  // for it

 private:
  const Url url_;
  const bool via_proxy_;
  Addresses addresses_;
  absl::Status status_;
  SteadyTime fresh_until_ = 0;
  absl::Duration max_idle_ = absl::InfiniteDuration();
  std::vector<std::unique_ptr<ConnectionGroup>> groups_;
};

// Whether `no_proxy` exempts a host from the proxy: a list, by commas or blanks, of hosts, domains that cover their
// subdomains (with or without a dot in front), addresses, or "*".
bool IsExemptFromProxy(const std::string& host, const std::string& no_proxy);

}  // namespace interaction::http
