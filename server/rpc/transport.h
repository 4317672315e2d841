#pragma once

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace interaction::rpc {

// What speaks gRPC with the clients: takes their connections, hands calls to Methods on the lanes, and carries the
// answers. There are two: our own (server/front) and gRPC's server (server/grpc_transport).
//
// All members are called on the thread that leads the process, in the order in which they stand here.
class Transport {
 public:
  virtual ~Transport() = default;

  // Begins to take connections and calls. The lanes are running.
  virtual absl::Status Start() = 0;

  // Takes no further connections; tells clients of those there are to go elsewhere with new calls (GOAWAY). Calls in
  // flight go on.
  virtual void StopAccepting() = 0;

  // Whether every client has confirmed that its connection ends, or has left: no further call is on its way.
  virtual bool clients_know() const = 0;

  // Closes what is left, with the calls on it, and returns when no handler is running any more. The lanes are running.
  virtual void Close() = 0;
};

}  // namespace interaction::rpc
