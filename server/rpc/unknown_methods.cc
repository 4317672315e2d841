#include "server/rpc/unknown_methods.h"

#include <memory>
#include <utility>

#include "server/base/errors.h"
#include "server/lane/completion.h"
#include "server/rpc/status.h"

namespace interaction::rpc {

struct UnknownMethods::Call {
  grpc::GenericServerContext context;
  grpc::GenericServerAsyncReaderWriter stream{&context};
};

void UnknownMethods::Start(lane::Lane* lane, LaneCalls*) {
  lane::Spawn(AcceptCalls<Call>(
      lane,
      [this](Call* call, grpc::ServerCompletionQueue* queue, void* tag) {
        service_.RequestCall(&call->context, &call->stream, queue, queue, tag);
      },
      [this, lane](std::unique_ptr<Call> call) { return Refuse(lane, std::move(call)); }));
}

// Nothing of the request is read, and nobody waits for anything: the call ends as soon as gRPC has sent the status.
lane::Task<void> UnknownMethods::Refuse(lane::Lane* lane, std::unique_ptr<Call> call) {
  const absl::Status error = Error(Reason::kUnknownMethod).In(Phase::kParse);
  failures_.Report(error, /*request_id=*/"", lane->clock().SteadyNow(), lane->timers());
  lane::Operation finished;
  call->stream.Finish(ToGrpcStatus(error, /*upstream=*/"", /*request_id=*/""), finished.tag());
  co_await finished;
}

}  // namespace interaction::rpc
