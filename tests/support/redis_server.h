#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/redis/client.h"
#include "tests/support/subprocess.h"
#include "tests/support/temp_dir.h"

namespace interaction::testing {

struct RedisServerOptions {
  bool tcp = false;                   // a port of the loopback interface, instead of a Unix socket
  std::string password;               // of the default user; "": none is needed
  std::vector<std::string> settings;  // as on the command line: {"--maxmemory-policy", "allkeys-lru"}
};

// A real redis-server in a process and a folder of its own. It keeps nothing on disk, so a restart finds it empty.
// The test ends when there is no redis-server on this machine.
class RedisServer {
 public:
  explicit RedisServer(RedisServerOptions options = {});

  // How to reach it. The timeout is long, so that only those tests depend on time that set another.
  redis::ClientOptions client_options() const;

  // Runs one command over a connection of its own, and waits: the text of the reply, of arrays one line an element, ""
  // of nil. An error reply is text as well.
  std::string Run(const std::vector<std::string>& command) const;

  void Stop();    // as an operator does, with SIGTERM
  void Kill();    // as the kernel does
  void Pause();   // it does not answer any more, but its sockets stay open
  void Resume();  // it answers again
  void Start();   // on the same address, after Stop or Kill

 private:
  std::vector<std::string> Arguments() const;
  bool TryToStart();

  const RedisServerOptions options_;
  const TempDir folder_;
  uint16_t port_ = 0;
  std::optional<Subprocess> process_;
};

}  // namespace interaction::testing
