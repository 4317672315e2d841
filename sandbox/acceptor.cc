#include "sandbox/acceptor.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace interaction::sandbox {
namespace {

// How long to wait when no connection can be accepted for lack of files or memory.
constexpr int kRetryMs = 10;

bool IsLackOfResources(int error) { return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM; }

}  // namespace

Acceptor::Acceptor(const Listener& listener, Take take)
    : socket_(listener.socket), stop_(eventfd(0, EFD_CLOEXEC)), take_(std::move(take)), thread_([this] { Run(); }) {}

Acceptor::~Acceptor() {
  eventfd_write(stop_, 1);
  thread_.join();
  close(stop_);
  close(socket_);
}

void Acceptor::Run() {
  pollfd fds[] = {{.fd = stop_, .events = POLLIN}, {.fd = socket_, .events = POLLIN}};
  while (true) {
    if (poll(fds, 2, -1) < 0 && errno != EINTR) return;
    if (fds[0].revents != 0) return;
    sockaddr_storage address;
    socklen_t length = sizeof(address);
    auto* const peer = reinterpret_cast<sockaddr*>(&address);
    const int connection = accept4(socket_, peer, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (connection >= 0) {
      take_(connection, peer, length);
    } else if (IsLackOfResources(errno)) {
      poll(fds, 1, kRetryMs);
    }
  }
}

}  // namespace interaction::sandbox
