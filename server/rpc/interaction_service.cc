#include "server/rpc/interaction_service.h"

#include <grpcpp/support/async_unary_call.h>

#include <utility>

#include "server/base/errors.h"
#include "server/lane/timers.h"
#include "server/rpc/deadline.h"
#include "server/rpc/status.h"

namespace interaction::rpc {
namespace {

// Calls of one method that a lane is ready to take in at once. gRPC keeps those beyond in a list of its own, so this is
// about speed in a burst and not a limit.
constexpr int kAcceptorsPerMethod = 32;

// How long a client may leave its answer unread. Its call keeps its place and its memory for that time, and an answer
// that is cut off is lost, so it is longer than a client that lives ever needs.
constexpr SteadyTime kTimeToRead = 10'000'000'000;

grpc::ByteBuffer ToByteBuffer(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

// The bytes of a message in one piece; an empty message may come as no buffer at all.
grpc::Slice InOnePiece(const grpc::ByteBuffer& bytes) {
  grpc::Slice slice;
  if (!bytes.TrySingleSlice(&slice).ok() && !bytes.DumpToSingleSlice(&slice).ok()) return grpc::Slice();
  return slice;
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

// A call as gRPC brings it.
struct InteractionService::UnaryCall {
  CallLife life{CallLife::AtShutdown::kAnswer};
  grpc::ByteBuffer request;
  grpc::ServerAsyncResponseWriter<grpc::ByteBuffer> responder{&life.context()};
};

namespace {

// No initial metadata is sent before an error: a client may retry only what has no headers yet (gRPC A6).
template <typename UnaryCall>
void Answer(const call::Call& call, const absl::StatusOr<std::string>& reply, UnaryCall& arrived, void* tag) {
  grpc::ServerContext& context = arrived.life.context();
  if (call.result.replayed) context.AddTrailingMetadata(kReplayedKey, "true");
  if (call.result.bypassed) context.AddTrailingMetadata(kBypassTrailer, kBypassed);
  if (reply.ok()) return arrived.responder.Finish(ToByteBuffer(*reply), grpc::Status::OK, tag);
  if (OutcomeOf(reply.status()) == Outcome::kUnknown) context.AddTrailingMetadata(kPushbackKey, kPushbackNever);
  arrived.responder.FinishWithError(ToGrpcStatus(reply.status(), call.upstream->name, call.request_id), tag);
}

}  // namespace

void InteractionService::Start(lane::Lane* lane, LaneCalls* calls) {
  const auto serve = [this, lane, calls](const Backend* backend) {
    return [this, lane, calls, backend](std::unique_ptr<UnaryCall> arrived) {
      return Serve(lane, calls, backend, std::move(arrived));
    };
  };
  for (int i = 0; i < kAcceptorsPerMethod; ++i) {
    lane::Spawn(AcceptCalls<UnaryCall>(
        lane,
        [this](UnaryCall* call, grpc::ServerCompletionQueue* queue, void* tag) {
          service_.RequestCreateVspInteraction(&call->life.context(), &call->request, &call->responder, queue, queue,
                                               tag);
        },
        serve(&options_.create_vsp)));
    lane::Spawn(AcceptCalls<UnaryCall>(
        lane,
        [this](UnaryCall* call, grpc::ServerCompletionQueue* queue, void* tag) {
          service_.RequestAddWolkvoxInteraction(&call->life.context(), &call->request, &call->responder, queue, queue,
                                                tag);
        },
        serve(&options_.add_wolkvox)));
  }
}

std::shared_ptr<call::Call> InteractionService::MakeCall(lane::Lane* lane, const Backend& backend,
                                                         UnaryCall& arrived) const {
  grpc::ServerContext& context = arrived.life.context();
  auto call = std::make_shared<call::Call>(lane, backend.upstream);
  call->limits = backend.limits;
  call->observer = options_.observer;
  if (options_.count_peers) call->peer = PeerHost(context);
  call->caller = CallerOf(context);
  call->trace = TraceContextOf(context);
  return call;
}

lane::Task<void> InteractionService::Serve(lane::Lane* lane, LaneCalls* calls, const Backend* backend,
                                           std::unique_ptr<UnaryCall> arrived) {
  const std::shared_ptr<call::Call> call = MakeCall(lane, *backend, *arrived);
  arrived->life.Arrived(calls, &call->cancellation);
  const grpc::ServerContext& context = arrived->life.context();
  const grpc::Slice message = InOnePiece(arrived->request);
  const CallMetadata metadata = ReadMetadata(context);
  call->is_retry = metadata.is_retry;
  auto handle = Handle(call,
                       {.message = {reinterpret_cast<const char*>(message.begin()), message.size()},
                        .metadata = metadata,
                        .time_left = TimeLeft(context.raw_deadline())},
                       &options_.handling, &calls->unary_calls);
  const absl::StatusOr<std::string> reply = co_await handle;
  lane::Operation finished;
  {
    const ReadTimer timer(lane, &arrived->life.context());
    Answer(*call, reply, *arrived, finished.tag());
    co_await finished;
    if (timer.expired()) ReportUnread(*call);
  }
  if (call->observer) call->observer->OnEnd(*call);
  co_await arrived->life.Ended();
}

// The client does not know what became of its call, so the log has to.
void InteractionService::ReportUnread(const call::Call& call) const {
  if (options_.counters) options_.counters->Add(telemetry::Counter::kAnswersUnread);
  const Outcome outcome = OutcomeOf(call.result.status);
  if (options_.log == nullptr || outcome == Outcome::kNotApplied) return;
  options_.log->Log(
      telemetry::LogLevel::kWarning, "answer not read by the client, call cut off",
      {{"upstream", call.upstream->name}, {"outcome", OutcomeName(outcome)}, {"requestId", call.request_id}});
}

}  // namespace interaction::rpc
