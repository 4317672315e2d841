#include "server/rpc/interaction_service.h"

#include <utility>

namespace interaction::rpc {
namespace {

// Calls of one method that a lane is ready to take in at once. gRPC keeps those beyond in a list of its own, so this is
// about speed in a burst and not a limit.
constexpr int kAcceptorsPerMethod = 32;

}  // namespace

InteractionService::InteractionService(Backend<VspTranslator> vsp, Backend<WolkvoxTranslator> wolkvox,
                                       const Stages& stages)
    : create_vsp_(
          "CreateVspInteraction",
          [this](UnaryCall* call, grpc::ServerCompletionQueue* queue, void* tag) {
            service_.RequestCreateVspInteraction(&call->life.context(), &call->request, &call->responder, queue, queue,
                                                 tag);
          },
          vsp.translator, std::move(vsp.endpoints), vsp.guards, stages, vsp.options),
      add_wolkvox_(
          "AddWolkvoxInteraction",
          [this](UnaryCall* call, grpc::ServerCompletionQueue* queue, void* tag) {
            service_.RequestAddWolkvoxInteraction(&call->life.context(), &call->request, &call->responder, queue, queue,
                                                  tag);
          },
          wolkvox.translator, std::move(wolkvox.endpoints), wolkvox.guards, stages, wolkvox.options) {}

void InteractionService::Start(lane::Lane* lane, LaneCalls* calls) {
  for (int i = 0; i < kAcceptorsPerMethod; ++i) {
    lane::Spawn(create_vsp_.AcceptCalls(lane, calls));
    lane::Spawn(add_wolkvox_.AcceptCalls(lane, calls));
  }
}

}  // namespace interaction::rpc
