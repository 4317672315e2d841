#pragma once

#include <sys/socket.h>

#include <functional>
#include <thread>

#include "sandbox/listener.h"

namespace interaction::sandbox {

// Accepts the connections of one listening socket on a thread of its own. When several loops of libmicrohttpd 0.9.75
// accept from one socket, connections are sometimes left waiting in its queue for ever.
class Acceptor {
 public:
  // Owns the socket. `take` gets each connection, with its address, and owns it.
  using Take = std::function<void(int connection, const sockaddr* address, socklen_t length)>;
  Acceptor(const Listener& listener, Take take);
  ~Acceptor();  // no connection is taken afterwards

 private:
  void Run();

  const int socket_;
  const int stop_;  // an eventfd; readable: stop
  const Take take_;
  std::thread thread_;
};

}  // namespace interaction::sandbox
