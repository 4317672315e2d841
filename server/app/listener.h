#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/app/unix_socket.h"
#include "server/base/clock.h"
#include "server/telemetry/log.h"

namespace interaction::app {

// The sockets that server.listen names, and the thread that accepts connections on them. gRPC 1.51's own listener never
// accepts again once accept(2) has failed, be it for want of a file descriptor for a moment, and takes the path of a
// Unix socket from whoever listens there.
//
// Where a moment without descriptors or memory keeps connections from being accepted, they wait in the kernel's queue,
// the log says so, and the listener tries again ten times a second.
class Listener {
 public:
  // Takes over `fd`, a connected socket that does not block. Called on the listener's thread; must not block.
  using TakeConnection = std::function<void(int listening_fd, int fd)>;

  // Binds and listens; connections queue up until Start(). `address` is of the form of config::Server::listen; a host
  // that is a name stands for all its addresses, 0.0.0.0 and [::] for all of the machine, IPv4 and IPv6. `clock` and
  // `log` (may be null) outlive the listener. UNAVAILABLE with one line: "cannot listen on ADDRESS: the port is taken".
  static absl::StatusOr<std::unique_ptr<Listener>> Open(const std::string& address, const Clock* clock,
                                                        telemetry::Logger* log);
  ~Listener();  // as Close()
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // Where it listens, with the real port: "127.0.0.1:50051".
  const std::string& address() const { return address_; }

  // Accepts from now on. RESOURCE_EXHAUSTED when there is no thread to be had.
  absl::Status Start(TakeConnection take);

  // Accepts no more: new connections are refused when it returns. Those taken before are not touched.
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
  int stop_ = -1;  // an eventfd: readable when the thread is to end
  std::thread thread_;
  SteadyTime report_after_ = 0;  // no line about a shortage before; the thread's
};

}  // namespace interaction::app
