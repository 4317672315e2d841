#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/base/clock.h"
#include "server/http/address_policy.h"
#include "server/http/client.h"
#include "server/http/client_parts.h"
#include "server/http/connection.h"
#include "server/http/resolver.h"
#include "server/http/url.h"
#include "server/tls/session_cache.h"

namespace interaction::http {

class Transfer;

// One scheme, host and port that transfers of an endpoint go to: its addresses, its idle connections and its TLS
// sessions.
class Origin final : private Connection::User {
 public:
  // `key`: all that stands before the path in the URLs that lead here. `parts` outlives the origin.
  Origin(const Url& url, std::string key, std::shared_ptr<const EndpointOptions> options, ClientParts* parts);
  ~Origin();  // closes its idle connections

  const std::string& key() const { return key_; }
  const std::string& host() const { return url_.host; }
  const std::string& host_header() const { return host_header_; }
  bool has_tls() const { return url_.scheme == "https"; }
  bool via_proxy() const { return via_proxy_; }  // the proxy resolves the name, not we
  tls::SessionCache* sessions() { return &sessions_; }

  ConnectTarget connect_target() const;

  // Whether the addresses are unknown or so old that the resolver has to be asked (again).
  bool WantsAddresses(SteadyTime now) const { return !via_proxy_ && !asking && now >= fresh_until_; }

  // The resolver's answer: takes those addresses that the policy allows.
  void Take(absl::StatusOr<Addresses> answer, SteadyTime now);

  // OK if there is an address to connect to; else why not.
  const absl::Status& status() const { return status_; }

  // The connection that has become idle last, unless it is too old; nullptr: none.
  std::unique_ptr<Connection> TakeIdle(SteadyTime now);

  // Keeps a connection for the next transfer, if it can be of use to it.
  void Keep(std::unique_ptr<Connection> connection, SteadyTime now);

  // Closes its idle connections and keeps none from now on: the endpoint has other options.
  void Retire();

  // Closes connections that are too old to be used again.
  void CloseOldConnections(SteadyTime now);

  // How long the upstream keeps an idle connection open, as far as it has said so (Keep-Alive). Ours are given up a
  // second earlier, so that a request and its end of the connection do not cross.
  void TakeKeepAlive(std::optional<absl::Duration> keep_alive);

  // Bytes have come that no request has asked for.
  void ReportStrayBytes() const;

  // Whether it can be forgotten: it has no idle connection, and nothing refers to it.
  bool IsUnused() const { return !asking && waiting.empty() && transfers == 0 && idle_.empty(); }

  bool asking = false;            // the resolver owes an answer
  std::deque<Transfer*> waiting;  // for it
  size_t transfers = 0;           // that go here

 private:
  void OnConnectionReady(Connection* connection, uint32_t epoll_events) override;
  bool IsTooOld(const Connection& connection, SteadyTime now) const;
  bool IsIdleForTooLong(const Connection& connection, SteadyTime now) const;
  void CloseAllIdle();

  const Url url_;
  const std::string key_;
  const std::shared_ptr<const EndpointOptions> options_;
  ClientParts& parts_;
  const std::string host_header_;
  const bool via_proxy_;

  Addresses addresses_;
  absl::Status status_;
  SteadyTime fresh_until_ = 0;
  absl::Duration max_idle_;  // the endpoint's, or what the upstream has said
  tls::SessionCache sessions_;
  bool retired_ = false;
  std::vector<std::unique_ptr<Connection>> idle_;  // the one idle for the longest first
};

// Whether `no_proxy` exempts a host from the proxy: a list, by commas or blanks, of hosts, domains that cover their
// subdomains (with or without a dot in front), addresses, or "*".
bool IsExemptFromProxy(const std::string& host, const std::string& no_proxy);

}  // namespace interaction::http
