#pragma once

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "server/base/clock.h"
#include "server/event/poll.h"
#include "server/http/connector.h"
#include "server/tls/socket.h"

namespace interaction::http {

// What came of reading or writing.
using Io = tls::Socket::Result;

// A connection to an upstream, with TLS or without. Belongs to whoever uses it at the moment: a transfer, or, while it
// is idle, its origin. Not thread-safe.
class Connection final : private event::Poll::Handler {
 public:
  class User {
   public:
    // The connection is readable, or writable after WatchForRoom(true), or has failed. It may destroy the connection.
    virtual void OnConnectionReady(Connection* connection, uint32_t epoll_events) = 0;

   protected:
    ~User() = default;
  };

  // Takes the socket. `poll` and `connector` outlive the connection. LOCAL_RESOURCE when the kernel cannot watch it.
  static absl::StatusOr<std::unique_ptr<Connection>> Open(int fd, event::Poll* poll, Connector* connector,
                                                          SteadyTime now);
  ~Connection();

  // Whom to tell from now on. It outlives the connection, or the next call.
  void SetUser(User* user) { user_ = user; }

  // To read, write and shake hands with.
  tls::Socket& socket() { return socket_; }

  // Whether to tell the user when there is room to write.
  void WatchForRoom(bool watch);

  SteadyTime opened_at() const { return opened_at_; }

  SteadyTime idle_since = 0;  // its origin's note

 private:
  Connection(int fd, event::Poll* poll, Connector* connector, SteadyTime now)
      : socket_(fd), poll_(*poll), connector_(*connector), opened_at_(now) {}

  void OnEvents(uint32_t events) override { user_->OnConnectionReady(this, events); }

  tls::Socket socket_;
  event::Poll& poll_;
  Connector& connector_;
  const SteadyTime opened_at_;
  User* user_ = nullptr;
  bool watches_for_room_ = false;
};

}  // namespace interaction::http
