#include "server/http/socket_events.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace interaction::http {
namespace {

int LocalPort(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  if (address.ss_family == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
  if (address.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
  return 0;
}

// Bytes, the end of the connection, or an error.
bool HasInput(int fd) {
  char byte;
  return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || (errno != EAGAIN && errno != EINTR);
}

// A TLS record that says no more than "I am closing": an alert of TLS 1.2, or a record of TLS 1.3 as long as one.
bool IsTlsCloseNotify(const unsigned char* bytes, ssize_t count) {
  constexpr ssize_t kHeader = 5;
  constexpr int kAlert = 21, kApplicationData = 23, kEncryptedAlertBytes = 2 + 1 + 16;
  if (count < kHeader) return false;
  const int length = bytes[3] << 8 | bytes[4];
  return count == kHeader + length &&
         (bytes[0] == kAlert || (bytes[0] == kApplicationData && length == kEncryptedAlertBytes));
}

}  // namespace

SocketEvents::~SocketEvents() {
  if (epoll_fd_ >= 0) close(epoll_fd_);
  if (closed_by_peer_ >= 0) close(closed_by_peer_);
}

absl::Status SocketEvents::Init() {
  epoll_fd_ = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_fd_ < 0) return absl::ErrnoToStatus(errno, "epoll_create1");
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0) {
    return absl::ErrnoToStatus(errno, "socketpair");
  }
  close(pair[1]);
  closed_by_peer_ = pair[0];
  return absl::OkStatus();
}

absl::Status SocketEvents::AddForGood(int fd) {
  epoll_event event = {.events = EPOLLIN, .data = {.fd = fd}};
  if (epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) != 0) return absl::ErrnoToStatus(errno, "epoll_ctl");
  At(fd).wanted = EPOLLIN;
  return absl::OkStatus();
}

void SocketEvents::Opened(int fd, SocketGroup* group) {
  At(fd) = {.group = group};
  group->open.push_back(fd);
  ++open_;
}

int SocketEvents::Close(int fd) {
  Socket& socket = At(fd);
  if (socket.group != nullptr) {
    std::vector<int>& open = socket.group->open;
    *std::find(open.begin(), open.end(), fd) = open.back();
    open.pop_back();
    --open_;
  }
  socket = {};  // closing takes it out of the epoll set
  return close(fd);
}

void SocketEvents::Want(int fd, uint32_t events) {
  Socket& socket = At(fd);
  socket.wanted = events;
  if (events == 0) {
    if (socket.group == nullptr) Unregister(fd, socket);
    return;
  }
  if (socket.registered != events) Register(fd, socket, events);
}

int SocketEvents::Find(const SocketGroup& group, int local_port) {
  for (const int fd : group.open) {
    Socket& socket = At(fd);
    if (socket.state == State::kRetired) continue;
    if (socket.local_port == 0) socket.local_port = LocalPort(fd);
    if (socket.local_port == local_port) return fd;
  }
  return -1;
}

bool SocketEvents::Claim(int fd, const void* user, bool tls) {
  Socket& socket = At(fd);
  const bool is_new = socket.state == State::kConnecting;
  if (!(is_new && tls) && HasInput(fd)) {
    ReportStrayBytes(fd, socket);
    return false;
  }
  socket.state = State::kBusy;
  socket.user = user;
  return true;
}

void SocketEvents::Free(int fd, const void* user) {
  Socket& socket = At(fd);
  if (socket.state != State::kBusy || socket.user != user) return;
  socket.state = State::kIdle;
  socket.user = nullptr;
  if ((socket.registered & EPOLLIN) == 0) Register(fd, socket, EPOLLIN);
}

absl::Span<const epoll_event> SocketEvents::Poll() {
  const int count = epoll_wait(epoll_fd_, events_.data(), static_cast<int>(events_.size()), 0);
  size_t kept = 0;
  for (int i = 0; i < count; ++i) {
    const int fd = events_[i].data.fd;
    Socket& socket = At(fd);
    if (socket.state == State::kIdle) {
      Retire(fd, socket);
    } else if (socket.wanted == 0) {
      Unregister(fd, socket);
    } else {
      events_[kept++] = events_[i];
    }
  }
  return absl::MakeConstSpan(events_.data(), kept);
}

SocketEvents::Socket& SocketEvents::At(int fd) {
  const size_t index = static_cast<size_t>(fd);
  if (index >= sockets_.size()) sockets_.resize(std::max(index + 1, sockets_.size() * 2));
  return sockets_[index];
}

void SocketEvents::Register(int fd, Socket& socket, uint32_t events) {
  epoll_event event = {.events = events, .data = {.fd = fd}};
  if (epoll_ctl(epoll_fd_, socket.registered == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event) != 0) {
    // The set and our notes differ, which only a socket that was closed behind our back can bring about.
    epoll_ctl(epoll_fd_, errno == ENOENT ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event);
  }
  socket.registered = events;
}

void SocketEvents::Unregister(int fd, Socket& socket) {
  if (socket.registered == 0) return;
  epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr);
  socket.registered = 0;
}

// Closes the connection at once, although the descriptor stays libcurl's until it looks at it.
void SocketEvents::Retire(int fd, Socket& socket) {
  ReportStrayBytes(fd, socket);
  Unregister(fd, socket);
  dup2(closed_by_peer_, fd);
  socket.state = State::kRetired;
}

void SocketEvents::ReportStrayBytes(int fd, const Socket& socket) const {
  unsigned char bytes[64];
  const ssize_t count = recv(fd, bytes, sizeof bytes, MSG_PEEK | MSG_DONTWAIT);
  if (count > 0 && !IsTlsCloseNotify(bytes, count) && on_stray_bytes_) on_stray_bytes_(socket.group->authority);
}

}  // namespace interaction::http
