#include "server/rpc/unary_method.h"

#include <utility>

#include "server/base/errors.h"
#include "server/lane/completion.h"
#include "server/rpc/status.h"

namespace interaction::rpc {
namespace {

grpc::ByteBuffer ToByteBuffer(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

}  // namespace

// No initial metadata is sent before an error: a client may retry only what has no headers yet (gRPC A6).
void UnaryMethod::Finish(UnaryCall& call, const absl::StatusOr<std::string>& reply, void* tag) const {
  if (call.replayed) call.life.context().AddTrailingMetadata(kReplayedKey, "true");
  if (call.bypassed) call.life.context().AddTrailingMetadata(kIdempotencyKey, kBypassed);
  if (reply.ok()) return call.responder.Finish(ToByteBuffer(*reply), grpc::Status::OK, tag);
  if (OutcomeOf(reply.status()) == Outcome::kUnknown) {
    call.life.context().AddTrailingMetadata(kPushbackKey, kPushbackNever);
  }
  call.responder.FinishWithError(ToGrpcStatus(reply.status(), upstream_, call.request_id), tag);
}

lane::Task<void> UnaryMethod::Serve(lane::Lane* lane, LaneCalls* calls, std::unique_ptr<UnaryCall> call) {
  call->life.Arrived(calls);
  const absl::StatusOr<std::string> reply = co_await Handle(lane, calls, call.get());
  if (!reply.ok()) {
    failures_.Report(reply.status(), call->request_id, lane->clock().SteadyNow(), lane->timers());
  }
  lane::Operation finished;
  Finish(*call, reply, finished.tag());
  co_await finished;
  co_await call->life.Ended();
}

lane::Task<void> UnaryMethod::AcceptCalls(lane::Lane* lane, LaneCalls* calls) {
  while (true) {
    auto call = std::make_unique<UnaryCall>();
    lane::Operation arrived;
    request_call_(call.get(), lane->queue(), arrived.tag());
    const bool ok = co_await arrived;
    if (!ok) co_return;
    lane::Spawn(Serve(lane, calls, std::move(call)));
  }
}

}  // namespace interaction::rpc
