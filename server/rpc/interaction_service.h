#pragma once

#include "interaction/v1/interaction_service.grpc.pb.h"
#include "server/call/errand_runner.h"
#include "server/http/client.h"
#include "server/rpc/translated_method.h"
#include "server/upstream/translator.h"

namespace interaction::rpc {

using VspTranslator = upstream::Translator<v1::CreateVspInteractionRequest, v1::CreateVspInteractionResponse>;
using WolkvoxTranslator = upstream::Translator<v1::AddWolkvoxInteractionRequest, v1::AddWolkvoxInteractionResponse>;

// What stands behind one RPC.
template <typename Translator>
struct Backend {
  const Translator* translator;
  std::vector<http::Endpoint*> endpoints;  // one a lane
  const call::Guards* guards;
  MethodOptions options;
};

// interaction.v1.InteractionService, with both methods raw: their requests arrive as bytes.
class InteractionService {
 public:
  InteractionService(Backend<VspTranslator> vsp, Backend<WolkvoxTranslator> wolkvox, const Stages& stages);

  // To register with grpc::ServerBuilder.
  grpc::Service* service() { return &service_; }

  // Starts to accept calls; on the lane's thread.
  void Start(lane::Lane* lane, LaneCalls* calls);

 private:
  using Service = v1::InteractionService::WithRawMethod_CreateVspInteraction<
      v1::InteractionService::WithRawMethod_AddWolkvoxInteraction<v1::InteractionService::Service>>;

  Service service_;
  TranslatedMethod<v1::CreateVspInteractionRequest, v1::CreateVspInteractionResponse> create_vsp_;
  TranslatedMethod<v1::AddWolkvoxInteractionRequest, v1::AddWolkvoxInteractionResponse> add_wolkvox_;
};

}  // namespace interaction::rpc
