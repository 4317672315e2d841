#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/base/clock.h"
#include "server/listen/unix_socket.h"
#include "server/telemetry/log.h"

namespace interaction::listen {

// The sockets of server.listen, and the thread that accepts connections on them. gRPC 1.51's own listener stops
// accepting for good once accept(2) has failed, even if only for a momentary lack of file descriptors, and takes over
// the path of a Unix socket that another process listens on.
//
// If file descriptors or memory run out, connections wait in the kernel's queue, a line is logged, and the listener
// tries again ten times a second.
class Listener {
 public:
  // Takes ownership of `fd`, a connected non-blocking socket. Called on the listener's thread; must not block.
  using TakeConnection = std::function<void(int listening_fd, int fd)>;

  // Binds and listens; connections queue up until Start(). `address` is of the form of config::Server::listen; a host
  // name means all its addresses, 0.0.0.0 and [::] mean all of the machine, IPv4 and IPv6. `clock` and `log` (may be
  // null) outlive the listener. UNAVAILABLE with one line: "cannot listen on ADDRESS: the port is taken".
  static absl::StatusOr<std::unique_ptr<Listener>> Open(const std::string& address, const Clock* clock,
                                                        telemetry::Logger* log);
  ~Listener();  // calls Close()
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // Where it listens, with the real port: "127.0.0.1:50051".
  const std::string& address() const { return address_; }

  // Begins to accept. RESOURCE_EXHAUSTED if no thread can be started.
  absl::Status Start(TakeConnection take);

  // Stops accepting: once it returns, new connections are refused. Accepted ones are not affected.
  void Close();

 private:
  Listener(const Clock* clock, telemetry::Logger* log);

  absl::Status OpenUnix(const std::string& path);
  absl::Status OpenTcp(const std::string& host, int port);
  void Run();
  bool AcceptSome(int listening_fd);
  void ReportShortage(int error);

  const Clock* const clock_;
  telemetry::Logger* const log_;
  std::string address_;
  std::vector<int> sockets_;
  std::unique_ptr<UnixSocketPath> path_;  // null: TCP
  TakeConnection take_;
  int stop_ = -1;  // an eventfd: readable when the thread must end
  std::thread thread_;
  SteadyTime report_after_ = 0;  // earliest time of the next line about a shortage; used on the thread
};

}  // namespace interaction::listen
