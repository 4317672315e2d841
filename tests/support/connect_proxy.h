#pragma once

#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/string_view.h"
#include "tests/support/sockets.h"

namespace interaction::testing {

// An HTTP proxy that answers CONNECT, on a free port of the loopback interface, one connection at a time.
class ConnectProxy {
 public:
  enum class Answer { kTunnel, kForbidden };

  explicit ConnectProxy(Answer answer);
  ~ConnectProxy();

  uint16_t port() const { return LocalPort(listener_); }
  std::vector<std::string> requests() const;  // head of each: "CONNECT host:port HTTP/1.1\r\n..."

 private:
  void Run();
  void ServeOne(const Fd& caller);

  const Answer answer_;
  const Fd listener_;
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  std::thread thread_;
};

}  // namespace interaction::testing
