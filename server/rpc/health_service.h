#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "server/lane/lane.h"
#include "server/lane/task.h"
#include "server/rpc/call_life.h"

namespace interaction::rpc {

// grpc.health.v1.Health on the lanes: gRPC's own would bring threads of the callback API with it. All names share one
// state: SERVING from the start, NOT_SERVING once the server drains. An upstream that is down does not change it,
// because that would take the other RPC down with it.
class HealthService {
 public:
  using Status = grpc::health::v1::HealthCheckResponse::ServingStatus;

  // Knows `services` and "", the server as a whole.
  explicit HealthService(std::vector<std::string> services);
  ~HealthService();

  grpc::Service* service() { return &service_; }

  // Lists a lane; before any is started.
  void Add(lane::Lane* lane, LaneCalls* calls);

  // Starts to accept calls on a lane that was added; on its thread.
  void Start(size_t lane_index);

  // Tells everybody who asks or watches that no new calls are wanted. Any thread.
  void SetNotServing();

 private:
  struct LaneState;
  struct CheckCall;
  struct WatchCall;
  class Change;

  Status StatusOf(const std::string& service) const;
  lane::Task<void> AcceptChecks(LaneState* state);
  lane::Task<void> AcceptWatches(LaneState* state);
  lane::Task<void> ServeCheck(std::unique_ptr<CheckCall> call);
  lane::Task<void> ServeWatch(LaneState* state, std::unique_ptr<WatchCall> call);

  grpc::health::v1::Health::AsyncService service_;
  const absl::flat_hash_set<std::string> services_;
  std::atomic<bool> serving_{true};
  std::vector<std::unique_ptr<LaneState>> lanes_;
};

}  // namespace interaction::rpc
