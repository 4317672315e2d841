#include "server/http/tcp_attempt.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "server/http/transfer_error.h"

namespace interaction::http {
namespace {

struct Address {
  sockaddr_storage storage = {};
  socklen_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

Address ToAddress(const std::string& ip, int port) {
  Address address;
  const uint16_t port_of_network = htons(static_cast<uint16_t>(port));
  auto* const v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
  if (inet_pton(AF_INET, ip.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = port_of_network;
    address.size = sizeof *v4;
    return address;
  }
  auto* const v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
  if (inet_pton(AF_INET6, ip.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = port_of_network;
    address.size = sizeof *v6;
  }
  return address;
}

}  // namespace

absl::StatusOr<std::unique_ptr<TcpAttempt>> TcpAttempt::Start(const std::string& ip, int port, event::Poll* poll,
                                                              Sockets* sockets, Connector::Observer* observer,
                                                              Owner* owner) {
  const Address address = ToAddress(ip, port);
  const int fd = sockets->Open(address.storage.ss_family);
  if (fd < 0) return ConnectError({.os_errno = errno});
  std::unique_ptr<TcpAttempt> attempt(new TcpAttempt(fd, poll, sockets, observer, owner));
  if (connect(fd, address.get(), address.size) != 0 && errno != EINPROGRESS) return ConnectError({.os_errno = errno});
  if (!poll->Add(fd, EPOLLOUT, attempt.get()).ok()) return OutOfResources();
  return attempt;
}

TcpAttempt::~TcpAttempt() {
  if (fd_ < 0) return;
  poll_.Remove(fd_, this);
  sockets_.Close(fd_);
}

void TcpAttempt::OnEvents(uint32_t) {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return owner_.OnTcpAttemptEnd(this, ConnectError({.os_errno = error}));
  poll_.Remove(fd_, this);
  owner_.OnTcpAttemptEnd(this, std::exchange(fd_, -1));
}

}  // namespace interaction::http
