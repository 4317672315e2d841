#include "server/rpc/unary_method.h"

#include <utility>

#include "server/base/errors.h"
#include "server/lane/completion.h"
#include "server/lane/timers.h"
#include "server/rpc/status.h"

namespace interaction::rpc {
namespace {

// How long a client may leave its answer unread. Its call keeps its place and its memory for that time, and an answer
// that is cut off is lost, so it is longer than a client that lives ever needs.
constexpr SteadyTime kTimeToRead = 10'000'000'000;

grpc::ByteBuffer ToByteBuffer(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

// Cancels a call whose answer the transport has not taken in time, because its client grants no window or does not read
// from its connection.
class ReadTimer final : private lane::Timers::Timer {
 public:
  ReadTimer(lane::Lane* lane, grpc::ServerContext* context)
      : timers_(&lane->timers()), context_(context), due_(lane->clock().SteadyNow() + kTimeToRead) {
    timers_->Add(due_, this);
  }
  ~ReadTimer() {
    if (!expired_) timers_->Remove(due_, this);
  }
  bool expired() const { return expired_; }

 private:
  void OnDue() override {
    expired_ = true;
    context_->TryCancel();
  }

  lane::Timers* const timers_;
  grpc::ServerContext* const context_;
  const SteadyTime due_;
  bool expired_ = false;
};

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

// The client does not know what became of its call, so the log has to.
void UnaryMethod::ReportUnread(const UnaryCall& call, const absl::Status& result) const {
  if (counters_) counters_->Add(telemetry::Counter::kAnswersUnread);
  const Outcome outcome = OutcomeOf(result);
  if (log_ == nullptr || outcome == Outcome::kNotApplied) return;
  log_->Log(telemetry::LogLevel::kWarning, "answer not read by the client, call cut off",
            {{"upstream", upstream_}, {"outcome", OutcomeName(outcome)}, {"requestId", call.request_id}});
}

lane::Task<void> UnaryMethod::Serve(lane::Lane* lane, LaneCalls* calls, std::unique_ptr<UnaryCall> call) {
  call->life.Arrived(calls);
  const absl::StatusOr<std::string> reply = co_await Handle(lane, calls, call.get());
  if (!reply.ok()) {
    failures_.Report(reply.status(), call->request_id, lane->clock().SteadyNow(), lane->timers());
  }
  lane::Operation finished;
  {
    const ReadTimer timer(lane, &call->life.context());
    Finish(*call, reply, finished.tag());
    co_await finished;
    if (timer.expired()) ReportUnread(*call, reply.status());
  }
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
