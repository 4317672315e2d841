#include "server/rpc/unknown_methods.h"

#include <utility>

#include "server/base/errors.h"
#include "server/rpc/status.h"

namespace interaction::rpc {

void UnknownMethods::Register(Methods* methods) {
  methods->SetUnknown([this](std::unique_ptr<ServerCall> call, LaneCalls*) { return Refuse(std::move(call)); });
}

// Nothing of the request is read.
lane::Task<void> UnknownMethods::Refuse(std::unique_ptr<ServerCall> call) {
  const absl::Status error = Error(Reason::kUnknownMethod).In(Phase::kParse);
  lane::Lane* const lane = call->lane();
  failures_.Report(error, /*request_id=*/"", /*caller=*/"", lane->clock().SteadyNow(), lane->timers());
  ServerCall::Ending ending;
  ending.status = ToRpcStatus(error, /*upstream=*/"", /*request_id=*/"");
  auto finish = call->Finish(std::move(ending));
  co_await finish;
}

}  // namespace interaction::rpc
