#include "tests/support/sockets.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "tests/support/require.h"

namespace interaction::testing {
namespace {

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

Address LoopbackAddress(Loopback loopback, uint16_t port) {
  Address address;
  if (loopback == Loopback::kV4) {
    auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.size = sizeof(*v4);
  } else {
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    v6->sin6_addr = in6addr_loopback;
    address.size = sizeof(*v6);
  }
  return address;
}

}  // namespace

Fd BindLoopback(Loopback loopback) {
  const Address address = LoopbackAddress(loopback, 0);
  Fd fd(socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  Require(fd.valid() && bind(fd.get(), address.get(), address.size) == 0, "bind to the loopback interface");
  return fd;
}

uint16_t LocalPort(const Fd& socket) {
  sockaddr_in6 address{};  // the port is at the same place in a sockaddr_in
  socklen_t size = sizeof(address);
  Require(getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0, "getsockname");
  return ntohs(address.sin6_port);
}

Fd ConnectLoopback(uint16_t port, Loopback loopback) {
  const Address address = LoopbackAddress(loopback, port);
  Fd fd(socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  Require(fd.valid(), "socket");
  const timeval patience{.tv_sec = 10, .tv_usec = 0};
  setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  if (connect(fd.get(), address.get(), address.size) != 0) fd.Reset();
  return fd;
}

SilentPort::SilentPort() : listener_(BindLoopback()) {
  // Linux drops a SYN when more connections wait to be accepted than the backlog says: one is enough for a backlog of
  // 0.
  Require(listen(listener_.get(), 0) == 0, "listen");
  backlog_.push_back(ConnectLoopback(port()));
  Require(backlog_.back().valid(), "fill the backlog");
}

}  // namespace interaction::testing
