#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace interaction::http {

// The open sockets of connections to one host and port.
struct SocketGroup {
  std::string authority;  // "api.example.com:443"
  std::vector<int> open;  // descriptors; SocketEvents keeps the list
};

// The sockets that libcurl wants to hear of, in an epoll set of their own, with as few epoll_ctl calls as possible:
// libcurl loses interest in a connection after each transfer and regains it with the next. So a socket stays registered
// when the interest ends.
//
// That also watches the idle connections. Whatever arrives on one, bytes or the end of the connection, makes it
// unusable: nobody has asked for those bytes, and libcurl would take them for the answer to its next request. Such a
// connection is retired: the descriptor is turned into one whose peer has closed, which libcurl finds out and drops.
//
// It needs to know when a socket is opened and closed (Opened, Close) and when a request uses it (Claim, Free). Sockets
// that libcurl opens for itself are never announced; those are registered and taken out as it says.
class SocketEvents {
 public:
  // `on_stray_bytes` is told the authority of a connection on which bytes arrived although no request was under way;
  // may be null.
  explicit SocketEvents(std::function<void(absl::string_view authority)> on_stray_bytes)
      : on_stray_bytes_(std::move(on_stray_bytes)) {}
  SocketEvents(const SocketEvents&) = delete;
  ~SocketEvents();

  absl::Status Init();

  // Readable when Poll() has something to tell.
  int epoll_fd() const { return epoll_fd_; }

  // Registers a descriptor of ours for reading, for good. Its events come out of Poll() like the others.
  absl::Status AddForGood(int fd);

  // A socket was opened for a connection of `group`, which outlives it.
  void Opened(int fd, SocketGroup* group);

  // Closes such a socket. Returns what close() does.
  int Close(int fd);

  // libcurl wants to hear of EPOLLIN, EPOLLOUT, both, or (0) nothing.
  void Want(int fd, uint32_t events);

  // The socket of the group that is bound to a local port; -1 if there is none.
  int Find(const SocketGroup& group, int local_port);

  // A request is about to be written to the socket, by `user`. False, and the connection must not be used, if something
  // has arrived there before the request. On a new TLS connection that is no fault: session tickets may be waiting.
  [[nodiscard]] bool Claim(int fd, const void* user, bool tls);

  // `user` does not use the socket any more; if the connection is still open, it is idle now. Ignored if another user
  // has claimed it since.
  void Free(int fd, const void* user);

  // What has happened, without waiting: at most 256 events. Valid until the next call. What nobody wants to know any
  // more is left out.
  absl::Span<const epoll_event> Poll();

  size_t open() const { return open_; }

 private:
  enum class State { kConnecting, kBusy, kIdle, kRetired };

  struct Socket {
    uint32_t registered = 0;  // what epoll reports of it; 0: it is not in the set
    uint32_t wanted = 0;      // what libcurl wants to know
    State state = State::kConnecting;
    int local_port = 0;            // 0: not asked for yet
    SocketGroup* group = nullptr;  // set while the socket is open, if Opened() said so
    const void* user = nullptr;    // in kBusy
  };

  Socket& At(int fd);
  void Register(int fd, Socket& socket, uint32_t events);
  void Unregister(int fd, Socket& socket);
  void Retire(int fd, Socket& socket);
  void ReportStrayBytes(int fd, const Socket& socket) const;

  const std::function<void(absl::string_view)> on_stray_bytes_;
  int epoll_fd_ = -1;
  int closed_by_peer_ = -1;  // a socket whose peer has closed
  size_t open_ = 0;
  std::vector<Socket> sockets_;  // by descriptor: small numbers, used again and again
  std::array<epoll_event, 256> events_;
};

}  // namespace interaction::http
