#pragma once

#include <unistd.h>

#include <cstdint>
#include <utility>
#include <vector>

namespace interaction::testing {

// Owns a file descriptor.
class Fd {
 public:
  explicit Fd(int fd = -1) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    Reset(std::exchange(other.fd_, -1));
    return *this;
  }
  ~Fd() { Reset(); }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  void Reset(int fd = -1) {
    if (fd_ >= 0) close(fd_);
    fd_ = fd;
  }

 private:
  int fd_;
};

enum class Loopback { kV4, kV6 };  // 127.0.0.1, ::1

// A TCP socket bound to a free port of the loopback interface. It does not listen yet; it does not block.
Fd BindLoopback(Loopback loopback = Loopback::kV4);

// The port that a socket is bound to.
uint16_t LocalPort(const Fd& socket);

// A blocking connection whose reads and writes give up after ten seconds, so that a test fails instead of hanging. Not
// valid() if the port refuses.
Fd ConnectLoopback(uint16_t port, Loopback loopback = Loopback::kV4);

// A port that refuses every connection as long as the object lives: nobody else can get it meanwhile.
class RefusingPort {
 public:
  RefusingPort() : socket_(BindLoopback()) {}
  uint16_t port() const { return LocalPort(socket_); }

 private:
  Fd socket_;
};

// A port that answers no connection attempt: as if a firewall dropped the packets.
class SilentPort {
 public:
  SilentPort();
  uint16_t port() const { return LocalPort(listener_); }

 private:
  Fd listener_;
  std::vector<Fd> backlog_;  // fills the queue of the listener, which never accepts
};

}  // namespace interaction::testing
