#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"

namespace interaction::http {

// The sockets that libcurl wants to hear of, in an epoll set of their own, with as few epoll_ctl calls as possible:
// libcurl loses interest in a connection after each transfer and regains it with the next. So a socket stays registered
// when the interest ends, and is taken out only if something happens to it meanwhile: its peer has closed it, most
// likely.
//
// That needs to know when a socket is closed (the kernel forgets it then), hence Opened() and Close(). Sockets that
// libcurl opens for itself are never announced; those are registered and taken out as it says.
//
// Also keeps count of the open sockets, of all and of a group that its opener names.
class SocketEvents {
 public:
  SocketEvents() = default;
  SocketEvents(const SocketEvents&) = delete;
  ~SocketEvents();

  absl::Status Init();

  // Readable when Wait() has something to tell.
  int epoll_fd() const { return epoll_fd_; }

  // Registers a descriptor of ours for reading, for good. Its events come out of Wait() like the others.
  absl::Status AddForGood(int fd);

  // A socket was opened for a connection; `group_count` counts it as long as it is open and outlives it.
  void Opened(int fd, int* group_count);

  // Closes such a socket. Returns what close() does.
  int Close(int fd);

  // libcurl wants to hear of EPOLLIN, EPOLLOUT, both, or (0) nothing.
  void Want(int fd, uint32_t events);

  // What has happened, without waiting: at most 256 events. Valid until the next call. What nobody wants to know any
  // more is left out.
  absl::Span<const epoll_event> Poll();

  size_t open() const { return open_; }

 private:
  struct Socket {
    uint32_t registered = 0;     // what epoll reports of it; 0: it is not in the set
    uint32_t wanted = 0;         // what libcurl wants to know
    int* group_count = nullptr;  // set while the socket is open, if Opened() said so
  };

  Socket& At(int fd);
  void Unregister(int fd, Socket& socket);

  int epoll_fd_ = -1;
  size_t open_ = 0;
  std::vector<Socket> sockets_;  // by descriptor: small numbers, used again and again
  std::array<epoll_event, 256> events_;
};

}  // namespace interaction::http
