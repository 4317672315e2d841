#include "server/rpc/unary_method.h"

#include <utility>

#include "server/base/errors.h"
#include "server/rpc/status.h"

namespace interaction::rpc {
namespace {

grpc::ByteBuffer ToByteBuffer(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

void LogFailure(telemetry::Logger& log, const UnaryMethod& method, const UnaryCall& call, const absl::Status& error) {
  const ErrorDetails details = GetErrorDetails(error);
  log.Log(telemetry::LogLevel::kWarning, "call failed",
          {{"upstream", method.upstream()},
           {"code", absl::StatusCodeToString(error.code())},
           {"reason", Describe(details.reason).name},
           {"outcome", OutcomeName(details.outcome)},
           {"phase", details.phase ? PhaseName(*details.phase) : absl::string_view()},
           {"requestId", call.request_id}});
}

// No initial metadata is sent before an error: a client may retry only what has no headers yet (gRPC A6).
void Finish(const UnaryMethod& method, UnaryCall& call, const absl::StatusOr<std::string>& reply, void* tag) {
  if (call.replayed) call.life.context().AddTrailingMetadata(kReplayedKey, "true");
  if (call.bypassed) call.life.context().AddTrailingMetadata(kIdempotencyKey, kBypassed);
  if (reply.ok()) return call.responder.Finish(ToByteBuffer(*reply), grpc::Status::OK, tag);
  if (OutcomeOf(reply.status()) == Outcome::kUnknown) {
    call.life.context().AddTrailingMetadata(kPushbackKey, kPushbackNever);
  }
  call.responder.FinishWithError(ToGrpcStatus(reply.status(), method.upstream(), call.request_id), tag);
}

lane::Task<void> ServeCall(lane::Lane* lane, LaneCalls* calls, UnaryMethod* method, telemetry::Logger* log,
                           std::unique_ptr<UnaryCall> call) {
  call->life.Arrived(calls);
  const absl::StatusOr<std::string> reply = co_await method->Handle(lane, calls, call.get());
  if (!reply.ok() && log) LogFailure(*log, *method, *call, reply.status());
  lane::Operation finished;
  Finish(*method, *call, reply, finished.tag());
  co_await finished;
  co_await call->life.Ended();
}

}  // namespace

lane::Task<void> AcceptCalls(lane::Lane* lane, LaneCalls* calls, UnaryMethod* method, telemetry::Logger* log) {
  while (true) {
    auto call = std::make_unique<UnaryCall>();
    lane::Operation arrived;
    method->RequestNext(call.get(), lane->queue(), arrived.tag());
    const bool ok = co_await arrived;
    if (!ok) co_return;
    lane::Spawn(ServeCall(lane, calls, method, log, std::move(call)));
  }
}

}  // namespace interaction::rpc
