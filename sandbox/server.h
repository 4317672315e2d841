#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "sandbox/sandbox.h"

namespace interaction::sandbox {

struct ServerOptions {
  std::string host = "127.0.0.1";
  int port = 8080;  // 0: any free one
  int threads = 2;
  int max_connections = 65536;
  size_t max_request_bytes = 16 << 20;  // of a body; more is answered with 413 and not shown to the sandbox
};

// Plain HTTP/1.1 in front of a sandbox: libmicrohttpd with an epoll loop for each thread. A request that waits needs no
// thread, only a suspended connection, so tens of thousands can wait at a time.
class Server {
 public:
  // Listens and serves until it is destroyed; `sandbox` outlives it. Errors: INVALID_ARGUMENT for an invalid address,
  // ALREADY_EXISTS if the port is in use, INTERNAL otherwise.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options, Sandbox* sandbox);

  // Answers waiting requests at once if possible, then closes every connection.
  virtual ~Server() = default;

  // The bound port.
  virtual int port() const = 0;
};

// Raises the limit of open files to the maximum, because many connections are expected. Returns it.
int RaiseFileLimit();

}  // namespace interaction::sandbox
