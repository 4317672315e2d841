#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "grpc/health/v1/health.pb.h"
#include "server/lane/lane.h"
#include "server/lane/task.h"
#include "server/rpc/server_call.h"
#include "server/rpc/service.h"

namespace interaction::rpc {

// grpc.health.v1.Health. Everything is SERVING from the start and NOT_SERVING once the server drains. An upstream that
// is down has a name of its own to show it: the service's would take the other RPC down with it.
class HealthService final : public Service {
 public:
  using Status = grpc::health::v1::HealthCheckResponse::ServingStatus;

  // Knows `services` and "", the server as a whole.
  explicit HealthService(std::vector<std::string> services);
  ~HealthService() override;

  // Lists a lane; before any is started, in the order of their indexes.
  void Add(lane::Lane* lane);

  void Register(Methods* methods) override;

  // Tells everybody who asks or watches that no new calls are wanted. Any thread.
  void SetNotServing();

  // Changes the state of one name, for as long as the server does not drain. A name it does not know is ignored. Any
  // thread.
  void SetServing(const std::string& service, bool serving);

 private:
  struct LaneState;
  class Change;

  Status StatusOf(const std::string& service) const;
  void AnnounceChange();
  lane::Task<void> ServeCheck(std::unique_ptr<ServerCall> call, LaneCalls* calls);
  lane::Task<void> ServeWatch(std::unique_ptr<ServerCall> call, LaneCalls* calls);

  std::map<std::string, std::atomic<bool>> services_;  // whether each is served; the names don't change
  std::atomic<bool> serving_{true};                    // the server as a whole
  std::vector<std::unique_ptr<LaneState>> lanes_;
};

}  // namespace interaction::rpc
