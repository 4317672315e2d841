#pragma once

#include "server/rpc/service.h"

namespace interaction::testing {

// grpc.testing.TestService, as gRPC's interop test descriptions have it (grpc/doc/interop-test-descriptions.md), on the
// gateway's transports: for test clients that were written elsewhere.
class TestService final : public rpc::Service {
 public:
  void Register(rpc::Methods* methods) override;
};

}  // namespace interaction::testing
