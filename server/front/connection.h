#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "server/auth/caller.h"
#include "server/event/poll.h"
#include "server/front/front.h"
#include "server/front/handshake_threads.h"
#include "server/front/time_share.h"
#include "server/h2/session.h"
#include "server/lane/lane.h"
#include "server/limits/use_count.h"
#include "server/rpc/methods.h"
#include "server/telemetry/counters.h"
#include "server/telemetry/line_limit.h"
#include "server/tls/socket.h"

namespace interaction::front {

class FrontCall;

// Who is at the other end of a connection.
struct Peer {
  std::string address;  // from PeerOf()
  auth::Caller caller;  // by its certificate
};

// A client's socket. It is closed when the connection and the handshake that is under way have both let go of it.
class ClientSocket {
 public:
  explicit ClientSocket(int fd) : tls(fd) {}
  ~ClientSocket();

  tls::Socket tls;                        // without TLS, it is one, too
  std::atomic<bool> is_abandoned{false};  // nobody waits for its handshake any more
};

// One client's connection: its socket, its HTTP/2 session and its calls. On one lane, from its acceptance to its end.
//
// What arrives is handed to the session, which tells of requests and messages; answers are collected in the session and
// written at the end of the lane's turn, in one go.
class Connection final : private event::Poll::Handler, private event::Loop::EndOfTurn, private h2::SessionHandler {
 public:
  // What the connections of a lane share.
  struct Context {
    const Options* options;
    std::shared_ptr<const tls::ServerContext> tls;  // of connections to come; null: without TLS
    lane::Lane* lane;
    rpc::LaneCalls* calls;
    const rpc::Methods* methods;
    telemetry::Logger* log;  // may be null
    HandshakeThreads* handshake_threads;
    telemetry::LineLimit* handshake_failures;    // lines about them
    TimeShare* unusual_reads;                    // from connections whose session is not is_usual()
    telemetry::Counters* counters;               // may be null
    std::function<void(Connection*)> on_closed;  // the connection may be destroyed in it
    std::atomic<size_t>* calls_open;             // FrontCalls that exist
  };

  // Takes ownership of `fd`. `peer`: from PeerOf(). `place`: among the connections of its machine, held to the end.
  // `max_age_ticks`: after how many Tick()s the client is asked to connect anew.
  Connection(int fd, std::string peer, limits::UseCount::Use place, int64_t max_age_ticks, const Context* context);
  ~Connection();

  // Begins to read. False if the process lacks a resource: destroy it then.
  bool Open();

  // A second has passed. May close the connection.
  void Tick();

  // Asks the client to go elsewhere with new calls; closes when the last call has ended.
  void BeginGoaway();

  // Whether the client has confirmed that it was asked: it sends no further call on this connection.
  bool client_knows_of_end() const;

  // Closes at once. Calls hear that their caller is gone.
  void Close();

  // For calls ---------------------------------------------------------------------------------------------------------
  h2::Session& session() { return *session_; }
  const Context& context() const { return *context_; }
  const std::shared_ptr<const Peer>& peer() const { return peer_; }
  void WriteSoon();  // the session has bytes to send
  void Remove(h2::StreamId stream) { calls_.erase(stream); }

 private:
  void OnEvents(uint32_t events) override;
  void OnEndOfTurn() override;
  void OnRequest(h2::StreamId stream, const h2::RequestHead& head) override;
  void OnMessage(h2::StreamId stream, std::string message) override;
  void OnHalfClosed(h2::StreamId stream) override;
  void OnRefused(h2::StreamId stream, const h2::RequestHead& head, const h2::Refusal& refusal) override;
  void OnDrained(h2::StreamId stream) override;
  void OnClosed(h2::StreamId stream, h2::StreamEnd end) override;

  FrontCall* Find(h2::StreamId stream) const;
  void Serve(std::unique_ptr<FrontCall> call);
  bool ShakeHands();
  bool AfterStep(tls::Socket::Result result);
  void StepOnThread();
  void TakeCaller();
  bool Read();
  bool ReadUpTo(size_t bytes, int times);
  void ReadSoonIfBuffered();
  bool Flush();
  void Watch(uint32_t events);
  void ReportEnd(absl::string_view why) const;
  void ReportHandshakeFailure(const tls::HandshakeFailure& failure) const;
  bool IsOverdue() const;
  void TickCalls();

  tls::Socket& socket() const { return socket_->tls; }

  const std::shared_ptr<ClientSocket> socket_;
  const limits::UseCount::Use place_;
  const Context* const context_;
  const std::unique_ptr<h2::Session> session_;
  std::shared_ptr<const Peer> peer_;
  absl::flat_hash_map<h2::StreamId, FrontCall*> calls_;
  std::string out_;             // given out by the session, not yet taken by the socket
  size_t written_ = 0;          // of out_
  bool is_open_ = false;        // listed with the lane's poll
  uint32_t watched_ = 0;        // events
  bool shaking_hands_ = false;  // TLS
  bool on_thread_ = false;      // a step of the handshake is done, or waits, on another thread
  bool reading_soon_ = false;   // bytes wait in the socket_, of which epoll(7) does not tell
  bool writing_soon_ = false;
  bool ending_ = false;  // the session is over: close when everything is written
  bool closed_ = false;

  // In ticks.
  int64_t age_ = 0;
  const int64_t max_age_;
  int64_t last_call_ = 0;  // when a request came last
  int64_t last_ping_ = 0;
  int64_t goaway_ = -1;  // when BeginGoaway() was called; -1: not yet
  bool goaway_finished_ = false;
  bool had_request_ = false;
};

}  // namespace interaction::front
