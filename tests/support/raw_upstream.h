#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <queue>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tests/support/channel.h"
#include "tests/support/script.h"
#include "tests/support/sockets.h"
#include "tests/support/upstream_connection.h"

namespace interaction::testing {

struct RawUpstreamOptions {
  Loopback loopback = Loopback::kV4;
  std::optional<TlsOptions> tls;

  // What is done with a connection before anything is read from it, by its number: {Reset()}, {Hang()}. Empty: nothing.
  // With `tls` the handshake goes on meanwhile; a fault in place of the handshake is an upstream without `tls`.
  std::function<Script(int connection)> on_connect;

  // What is done when the head of a request is there, its body not yet read: {Reset()}, {Respond(413, ...), Close()}.
  // Such a request does not count as received unless its body follows.
  Handler on_headers;
};

// What has happened so far.
struct UpstreamCounts {
  size_t connections = 0;     // accepted
  size_t open = 0;            // of these, not ended by either side
  size_t requests = 0;        // read completely: "the upstream got it"
  size_t being_answered = 0;  // of these, whose script has not ended
  size_t most_at_once = 0;    // the highest that being_answered ever was
};

// An upstream whose every byte the test decides. It listens on a free port of the loopback interface, records each
// request it has read completely, and answers by script, in HTTP/1.1 or in whatever breaks it:
//
//   RawUpstream upstream(Always({RespondJson(201, R"({"code":"201"})")}));
//   RawUpstream upstream([](const RecordedRequest& r) -> Script {
//     return r.on_connection == 0 ? Script{RespondJson(200, "{}")} : Script{Reset()};
//   });
//
// It also serves as the host that must see nothing, or as a proxy: EXPECT_EQ(upstream.counts().connections, 0).
// One thread serves all connections, thousands of them. All methods may be called from any thread.
class RawUpstream {
 public:
  explicit RawUpstream(Handler on_request, RawUpstreamOptions options = {});
  ~RawUpstream();  // resets the connections that are open

  uint16_t port() const { return port_; }

  // "http://127.0.0.1:4711/", or https://, or with another name for the host: UrlFor("localhost").
  std::string url() const;
  std::string UrlFor(absl::string_view host) const;

  // Decides from the next request on.
  void OnRequest(Handler on_request);

  std::vector<RecordedRequest> requests() const;
  UpstreamCounts counts() const;

  // Waits until at least so many requests were read completely, or connections accepted; false if the time is up first.
  bool WaitForRequests(size_t count, absl::Duration timeout = absl::Seconds(10)) const;
  bool WaitForConnections(size_t count, absl::Duration timeout = absl::Seconds(10)) const;

  // Waits until at most so many connections are open: the client has hung up on the others.
  bool WaitForOpenAtMost(size_t count, absl::Duration timeout = absl::Seconds(10)) const;

 private:
  void Run();
  void AcceptAll();
  void Turn(UpstreamConnection* connection, uint64_t id);
  void RunDueTimers();
  int NextTimeout() const;
  Script Record(const RecordedRequest& request);
  bool WaitUntil(const std::function<bool()>& condition, absl::Duration timeout) const;

  const RawUpstreamOptions options_;
  const std::optional<TlsServer> tls_;
  const Fd listener_;
  const uint16_t port_;
  const Fd epoll_;
  const Fd wakeup_;  // an eventfd
  std::atomic<bool> stopping_{false};

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  Handler on_request_;
  std::vector<RecordedRequest> requests_;
  UpstreamCounts counts_;

  // The thread's own.
  struct Entry {
    std::unique_ptr<UpstreamConnection> connection;
    uint32_t interest = 0;
  };
  using Timer = std::pair<SteadyTime, uint64_t>;
  ConnectionHooks hooks_;
  RealClock clock_;
  uint64_t next_id_ = 0;
  std::map<uint64_t, Entry> connections_;
  std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers_;
  std::thread thread_;
};

}  // namespace interaction::testing
