#pragma once

#include <grpcpp/server_builder.h>

#include <memory>
#include <utility>

#include "server/lane/completion.h"
#include "server/lane/lane.h"
#include "server/lane/task.h"
#include "server/rpc/call_life.h"

namespace interaction::rpc {

// A gRPC service whose calls are accepted and served on the lanes.
class LaneService {
 public:
  virtual ~LaneService() = default;

  // Before the server is built.
  virtual void Register(grpc::ServerBuilder* builder) = 0;

  // Starts to accept calls on a lane; on the lane's thread, once for each lane. `calls` lives as long as the lane.
  virtual void Start(lane::Lane* lane, LaneCalls* calls) = 0;
};

// Accepts calls of one method on a lane, one after the other, until the server shuts down, and serves each in a task of
// its own. Spawn it on the lane as often as calls may arrive at once.
//
//   request(ArrivingCall* call, grpc::ServerCompletionQueue* queue, void* tag)   asks gRPC for the next call
//   serve(std::unique_ptr<ArrivingCall> call) -> lane::Task<void>                serves it
template <typename ArrivingCall, typename RequestNext, typename Serve>
lane::Task<void> AcceptCalls(lane::Lane* lane, RequestNext request, Serve serve) {
  while (true) {
    auto call = std::make_unique<ArrivingCall>();
    lane::Operation arrived;
    request(call.get(), lane->queue(), arrived.tag());
    const bool ok = co_await arrived;
    if (!ok) co_return;
    lane::Spawn(serve(std::move(call)));
  }
}

}  // namespace interaction::rpc
