#pragma once

#include <grpcpp/generic/async_generic_service.h>

#include <memory>

#include "server/call/failure_log.h"
#include "server/lane/lane.h"
#include "server/lane/task.h"
#include "server/rpc/lane_service.h"
#include "server/telemetry/log.h"

namespace interaction::rpc {

// Answers calls of methods that no service has: UNKNOWN_METHOD, where gRPC by itself would send a bare UNIMPLEMENTED.
class UnknownMethods final : public LaneService {
 public:
  // `log` may be null, or outlives this.
  explicit UnknownMethods(telemetry::Logger* log) : failures_("", log) {}

  void Register(grpc::ServerBuilder* builder) override { builder->RegisterAsyncGenericService(&service_); }
  void Start(lane::Lane* lane, LaneCalls* calls) override;

 private:
  struct Call;

  lane::Task<void> Refuse(lane::Lane* lane, std::unique_ptr<Call> call);

  grpc::AsyncGenericService service_;
  call::FailureLog failures_;
};

}  // namespace interaction::rpc
