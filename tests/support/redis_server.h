#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/redis/client.h"
#include "tests/support/subprocess.h"
#include "tests/support/temp_dir.h"

namespace interaction::testing {

// TLS on a port of the loopback interface, besides the Unix socket.
struct RedisTls {
  std::string certificate;  // PEM files
  std::string key;
  std::string ca;  // of clients
  bool clients_need_certificate = false;
};

struct RedisServerOptions {
  bool tcp = false;                   // a port of the loopback interface, instead of a Unix socket
  std::optional<RedisTls> tls;        // instead of both, for the gateway; the test itself uses the Unix socket
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

  uint16_t port() const { return port_; }

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

// A real Sentinel, in a process and a folder of its own, that watches one primary, called mymaster, and its replicas,
// and makes a replica the primary half a second after the primary is gone.
class RedisSentinel {
 public:
  // `options` as for a server; `password`: also of the servers that it watches, as long as they have one.
  RedisSentinel(const RedisServer& primary, const std::string& password = "", std::optional<RedisTls> tls = {});

  redis::HostPort address() const { return {.host = "127.0.0.1", .port = port_}; }

  // It learns of replicas from the primary, every ten seconds.
  bool WaitUntilItKnowsAReplica() const;

  // What it logs of the end of a failover.
  bool WaitForFailover() const;

 private:
  const TempDir folder_;
  uint16_t port_ = 0;
  std::optional<Subprocess> process_;
};

}  // namespace interaction::testing
