#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/front/handshake_threads.h"
#include "server/h2/session.h"
#include "server/lane/lane.h"
#include "server/limits/use_count.h"
#include "server/listen/listener.h"
#include "server/rpc/methods.h"
#include "server/rpc/transport.h"
#include "server/telemetry/counters.h"
#include "server/telemetry/line_limit.h"
#include "server/telemetry/log.h"
#include "server/tls/server_context.h"

namespace interaction::front {

// What a connection may do, and how long. Times are counted in ticks of a second, so each is up to a second longer.
struct Options {
  h2::SessionOptions session;
  std::shared_ptr<const tls::ServerContext> tls;  // at first; null: HTTP/2 without TLS, with prior knowledge
  // Connections beyond these are closed as soon as they are accepted. 0: no limit.
  int max_connections = 16384;
  int max_connections_per_peer = 8192;  // of one machine, by its IP address; Unix sockets have no such limit
  absl::Duration handshake_time = absl::Seconds(10);      // of TLS
  absl::Duration first_request_time = absl::Seconds(20);  // from the connection to its first request
  absl::Duration message_time = absl::Seconds(30);        // from the headers of a unary call to its whole message
  absl::Duration max_age = absl::Minutes(10);             // then the client is asked to connect anew, with jitter
  double age_jitter = 0.1;                                // earlier or later by up to this fraction
  absl::Duration max_idle = absl::Minutes(30);            // without calls
  absl::Duration ping_every = absl::Minutes(1);
  // How long calls may go on after the client was asked to go, and how long a ping may stay unanswered: longer than any
  // call, because clients would report UNAVAILABLE for a request that was sent.
  absl::Duration longest_call = absl::Minutes(3);
};

// The gateway's own transport: gRPC over HTTP/2 on the lanes. A connection belongs to the lane that had the fewest when
// it was accepted; everything about it happens there.
class Front final : public rpc::Transport {
 public:
  // `lanes` and their `calls`, in the same order, and all else outlive the transport. `listener` is open. `random`:
  // uniform in [0, 1), called on any thread. `counters` and `log` may be null.
  Front(const Options& options, std::unique_ptr<listen::Listener> listener, const std::vector<lane::Lane*>& lanes,
        const std::vector<rpc::LaneCalls*>& calls, const rpc::Methods* methods, std::function<double()> random,
        telemetry::Counters* counters, telemetry::Logger* log);
  ~Front() override;

  // Of clients, at present. Any thread.
  size_t connections() const;

  // New connections shake hands by this from now on; null: they speak without TLS. `reconnect`: clients that are
  // connected are asked to connect anew, because what let them in may let them in no more.
  void UseTls(std::shared_ptr<const tls::ServerContext> tls, bool reconnect);

  absl::Status Start() override;
  void StopAccepting() override;
  bool clients_know() const override;
  void Close() override;

 private:
  class LaneConnections;

  void TakeConnection(int fd);
  void Refuse(int fd, absl::string_view limit, const std::string& peer);

  const Options options_;
  const std::unique_ptr<listen::Listener> listener_;
  telemetry::Logger* const log_;
  limits::UseCount peers_;            // connections of each machine
  telemetry::LineLimit refusals_{1};  // lines a second
  HandshakeThreads handshake_threads_;
  std::vector<std::unique_ptr<LaneConnections>> lanes_;
};

}  // namespace interaction::front
