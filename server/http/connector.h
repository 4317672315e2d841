#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/attributes.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/base/clock.h"
#include "server/event/loop.h"
#include "server/http/address_policy.h"
#include "server/http/curl_handles.h"

namespace interaction::http {

// Where a connection is to lead.
struct ConnectTarget {
  std::string host;  // an IPv6 address without brackets
  int port = 0;
  // The host's addresses, to be tried side by side; empty: the proxy knows them.
  std::vector<std::string> addresses;
  std::string proxy;    // URL; "": none
  bool tunnel = false;  // the proxy is asked for a tunnel (CONNECT); otherwise the connection ends at the proxy
};

struct ConnectOptions {
  absl::Duration timeout;
  AddressPolicy address_policy;  // for the proxy's addresses, too
};

// Makes TCP connections, on one thread without ever blocking it, and hands over their sockets. To a single address it
// connects by itself. Otherwise libcurl does it (CURLOPT_CONNECT_ONLY): it tries a host's addresses side by side (RFC
// 8305), resolves the proxy's name on a thread of its own and asks for the tunnel. Not thread-safe: everything is
// called on the loop's thread.
class Connector {
 public:
  // Who waits for a connection.
  class Observer {
   public:
    // A connected, non-blocking socket, to be closed by Connector::Close(); or why there is none, from the catalogue.
    // Never from within Start().
    virtual void OnConnected(absl::StatusOr<int> fd) = 0;

   protected:
    ~Observer() = default;
  };

  // A connection being made.
  class Attempt {
   public:
    virtual ~Attempt() = default;

    // Ends the attempt now, without OnConnected. It is gone then.
    virtual void Cancel() = 0;
  };

  // `max_open`: sockets at once, those handed over included; beyond them LOCAL_RESOURCE. `loop` outlives the connector.
  static absl::StatusOr<std::unique_ptr<Connector>> Create(event::Loop* loop, size_t max_open);
  virtual ~Connector() = default;

  // The attempt is valid until OnConnected or Attempt::Cancel. An error when it cannot even begin.
  virtual absl::StatusOr<Attempt*> Start(const ConnectTarget& target, const ConnectOptions& options,
                                         Observer* observer) = 0;

  // Closes a socket that was handed over.
  virtual void Close(int fd) = 0;
};

}  // namespace interaction::http
