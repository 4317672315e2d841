#pragma once

#include <grpcpp/generic/async_generic_service.h>

#include "server/lane/lane.h"
#include "server/lane/task.h"
#include "server/rpc/failure_log.h"
#include "server/telemetry/log.h"

namespace interaction::rpc {

// Answers calls of methods that no service has: UNKNOWN_METHOD, where gRPC by itself would send a bare UNIMPLEMENTED.
class UnknownMethods {
 public:
  // `log` may be null, or outlives this.
  explicit UnknownMethods(telemetry::Logger* log) : failures_("", log) {}

  // To register with grpc::ServerBuilder.
  grpc::AsyncGenericService* service() { return &service_; }

  // Starts to accept calls; on the lane's thread.
  void Start(lane::Lane* lane);

 private:
  struct Call;

  lane::Task<void> AcceptCalls(lane::Lane* lane);

  grpc::AsyncGenericService service_;
  FailureLog failures_;
};

}  // namespace interaction::rpc
