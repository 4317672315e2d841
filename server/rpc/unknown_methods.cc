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

namespace {

// Nothing of the request is read, and nobody waits for anything: the call ends as soon as gRPC has sent the status.
template <typename Call>
lane::Task<void> Refuse(std::unique_ptr<Call> call, absl::Status error) {
  lane::Operation finished;
  call->stream.Finish(ToGrpcStatus(error, /*upstream=*/"", /*request_id=*/""), finished.tag());
  co_await finished;
}

}  // namespace

void UnknownMethods::Start(lane::Lane* lane) { lane::Spawn(AcceptCalls(lane)); }

lane::Task<void> UnknownMethods::AcceptCalls(lane::Lane* lane) {
  while (true) {
    auto call = std::make_unique<Call>();
    lane::Operation arrived;
    service_.RequestCall(&call->context, &call->stream, lane->queue(), lane->queue(), arrived.tag());
    const bool ok = co_await arrived;
    if (!ok) co_return;
    const absl::Status error = Error(Reason::kUnknownMethod).In(Phase::kParse);
    failures_.Report(error, /*request_id=*/"", lane->clock().SteadyNow(), lane->timers());
    lane::Spawn(Refuse(std::move(call), error));
  }
}

}  // namespace interaction::rpc
