#include "server/http/socket_events.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace interaction::http {

SocketEvents::~SocketEvents() {
  if (epoll_fd_ >= 0) close(epoll_fd_);
}

absl::Status SocketEvents::Init() {
  epoll_fd_ = epoll_create1(EPOLL_CLOEXEC);
  return epoll_fd_ < 0 ? absl::ErrnoToStatus(errno, "epoll_create1") : absl::OkStatus();
}

absl::Status SocketEvents::AddForGood(int fd) {
  epoll_event event = {.events = EPOLLIN, .data = {.fd = fd}};
  if (epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) != 0) return absl::ErrnoToStatus(errno, "epoll_ctl");
  At(fd).wanted = EPOLLIN;
  return absl::OkStatus();
}

void SocketEvents::Opened(int fd, int* group_count) {
  At(fd) = {.group_count = group_count};
  ++*group_count;
  ++open_;
}

int SocketEvents::Close(int fd) {
  Socket& socket = At(fd);
  if (socket.group_count != nullptr) {
    --*socket.group_count;
    --open_;
  }
  socket = {};  // closing takes it out of the epoll set
  return close(fd);
}

void SocketEvents::Want(int fd, uint32_t events) {
  Socket& socket = At(fd);
  socket.wanted = events;
  if (events == 0) {
    if (socket.group_count == nullptr) Unregister(fd, socket);
    return;
  }
  if (socket.registered == events) return;
  epoll_event event = {.events = events, .data = {.fd = fd}};
  if (epoll_ctl(epoll_fd_, socket.registered == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event) != 0) {
    // The set and our notes differ, which only a socket that was closed behind our back can bring about.
    epoll_ctl(epoll_fd_, errno == ENOENT ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event);
  }
  socket.registered = events;
}

absl::Span<const epoll_event> SocketEvents::Poll() {
  const int count = epoll_wait(epoll_fd_, events_.data(), static_cast<int>(events_.size()), 0);
  size_t kept = 0;
  for (int i = 0; i < count; ++i) {
    const int fd = events_[i].data.fd;
    Socket& socket = At(fd);
    if (socket.wanted == 0) {
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

void SocketEvents::Unregister(int fd, Socket& socket) {
  if (socket.registered == 0) return;
  epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr);
  socket.registered = 0;
}

}  // namespace interaction::http
