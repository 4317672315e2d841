#pragma once

#include <grpcpp/support/byte_buffer.h>

#include <memory>
#include <string>
#include <vector>

#include "interaction/v1/interaction_service.grpc.pb.h"
#include "server/call/call.h"
#include "server/call/observer.h"
#include "server/limits/upstream_limits.h"
#include "server/rpc/handle.h"
#include "server/rpc/lane_service.h"
#include "server/telemetry/counters.h"
#include "server/telemetry/log.h"
#include "server/upstream/upstream.h"

namespace interaction::rpc {

// An upstream and what stands before it.
struct Backend {
  std::shared_ptr<const upstream::Upstream> upstream;
  const limits::UpstreamLimits* limits;  // outlives the service
};

// interaction.v1.InteractionService over gRPC's own server, on the lanes. Both methods are raw: their requests arrive
// as bytes, so that one that cannot be parsed gets an answer of ours.
class InteractionService final : public LaneService {
 public:
  struct Options {
    Backend create_vsp;
    Backend add_wolkvox;
    Handling handling;
    bool count_peers = false;            // calls know the machine that they come from
    call::Observer* observer = nullptr;  // may be null, like the two below; all outlive the service
    telemetry::Counters* counters = nullptr;
    telemetry::Logger* log = nullptr;
  };

  explicit InteractionService(const Options& options) : options_(options) {}

  void Register(grpc::ServerBuilder* builder) override { builder->RegisterService(&service_); }
  void Start(lane::Lane* lane, LaneCalls* calls) override;

 private:
  using Service = v1::InteractionService::WithRawMethod_CreateVspInteraction<
      v1::InteractionService::WithRawMethod_AddWolkvoxInteraction<v1::InteractionService::Service>>;
  struct UnaryCall;

  lane::Task<void> Serve(lane::Lane* lane, LaneCalls* calls, const Backend* backend,
                         std::unique_ptr<UnaryCall> arrived);
  std::shared_ptr<call::Call> MakeCall(lane::Lane* lane, const Backend& backend, UnaryCall& arrived) const;
  void ReportUnread(const call::Call& call) const;

  const Options options_;
  Service service_;
};

}  // namespace interaction::rpc
