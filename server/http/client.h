#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/base/clock.h"
#include "server/event/loop.h"
#include "server/http/address_policy.h"
#include "server/http/message.h"
#include "server/http/resolver.h"

namespace interaction::tls {
class ClientContext;
}

namespace interaction::http {

// How to talk to one upstream. What is behind the defaults: README.md.
struct EndpointOptions {
  absl::Duration connect_timeout = absl::Seconds(3);
  absl::Duration max_idle = absl::Seconds(60);       // a connection idle for longer is not used again; from 1 s, whole
  absl::Duration max_lifetime = absl::Seconds(300);  // nor one older than this: DNS and certificates move
  bool reuse_connections = true;
  size_t max_response_bytes = 1 << 20;
  size_t max_header_bytes = 64 << 10;
  bool allow_plaintext = false;                   // http:// URLs; otherwise https only
  AddressPolicy address_policy;                   // which addresses may be connected to
  std::shared_ptr<const tls::ClientContext> tls;  // null: the authorities that the system trusts, no certificate
  std::string proxy;                              // "": none, also when the environment names one
  std::string no_proxy;                           // comma-separated hosts that bypass `proxy`

  bool operator==(const EndpointOptions&) const = default;
};

// How long one transfer may take.
struct TransferLimits {
  absl::Duration timeout;  // from name resolution to the last byte; at least 1 ms
  // How much longer the answer may take once the request was sent. Until then OnTransferDone does not run, so whoever
  // waits needs a timer of its own.
  absl::Duration extra_for_answer = absl::ZeroDuration();
  // The request is not sent at this time or later; IDEMPOTENCY_LEASE_EXPIRED instead. Asked for at the last moment.
  SteadyTime send_before = kNever;
};

struct ClientOptions {
  int max_connections = 16384;     // of this client, over all endpoints; beyond them LOCAL_RESOURCE
  int max_idle_connections = 256;  // under load also as many as there are transfers in flight
  // Told when bytes arrive from a host on a connection that has no request under way: a second response, the rest of
  // one that was longer than it had said. The connection is not used again. On the client's thread; may be null.
  std::function<void(absl::string_view authority)> on_stray_bytes;
};

// Receives the end of a transfer.
class TransferObserver {
 public:
  virtual ~TransferObserver() = default;

  // A complete response, of any status, or the error of a transfer that brought none: it carries outcome, phase and
  // reason (transfer_error.h). Runs exactly once, never from within Send(); not at all after Cancel(). It may call
  // Send() and Cancel() of other transfers.
  virtual void OnTransferDone(absl::StatusOr<Response> result) = 0;
};

class Endpoint;  // one upstream's settings and its connections; made by Client::AddEndpoint
class Transfer;  // a transfer in flight

// Sends HTTP requests on one thread without ever blocking it, over connections that it keeps. It has no thread of its
// own: it acts when its loop turns. Not thread-safe: everything is called on the loop's thread.
//
// What it promises, and tests show: a request is written to one connection, once; what arrives on a connection before a
// request is no answer to it; redirects are not followed; no proxy but the configured one; bounded response; TLS
// verified; addresses outside the policy are never connected to.
class Client {
 public:
  // `resolver` and `loop` outlive the client; the resolver may be shared between threads. Call http::GlobalInit()
  // first, once a process.
  static absl::StatusOr<std::unique_ptr<Client>> Create(const ClientOptions& options, Resolver* resolver,
                                                        event::Loop* loop);
  virtual ~Client() = default;  // transfers still in flight are dropped without OnTransferDone

  // The endpoint lives as long as the client.
  virtual absl::StatusOr<Endpoint*> AddEndpoint(const EndpointOptions& options) = 0;

  // Transfers that begin from now on are made by these options, over new connections; those under way keep theirs.
  // `options.tls` is set.
  virtual void Reconfigure(Endpoint* endpoint, const EndpointOptions& options) = 0;

  // Starts to send. `observer` outlives the transfer. The Transfer is valid until OnTransferDone or Cancel.
  virtual Transfer* Send(Endpoint* endpoint, Request request, const TransferLimits& limits,
                         TransferObserver* observer) = 0;

  // Ends the transfer now, without OnTransferDone. Returns true if bytes of the request may have reached the upstream.
  virtual bool Cancel(Transfer* transfer) = 0;

  // Whether bytes of the request may have reached the upstream by now.
  virtual bool MayHaveBeenSent(const Transfer* transfer) const = 0;

  // Transfers that were sent and have neither been reported nor cancelled.
  virtual size_t in_flight() const = 0;
};

// curl_global_init and SIGPIPE; call once, before any thread is started.
absl::Status GlobalInit();

}  // namespace interaction::http
