#pragma once

#include "server/rpc/methods.h"

namespace interaction::rpc {

// A gRPC service, whatever transport its calls arrive by.
class Service {
 public:
  virtual ~Service() = default;

  // Adds the service's methods, whose handlers refer to it. Before the transport is built.
  virtual void Register(Methods* methods) = 0;
};

}  // namespace interaction::rpc
