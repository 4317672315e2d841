#include "server/rpc/interaction_service.h"

#include <utility>

#include "server/base/errors.h"
#include "server/event/timers.h"
#include "server/lane/operations.h"
#include "server/rpc/status.h"

namespace interaction::rpc {
namespace {

// How long a client may leave its answer unread. Its call keeps its place and its memory for that time, and an answer
// that is cut off is lost, so it is longer than a client that lives ever needs.
constexpr SteadyTime kTimeToRead = 10'000'000'000;

// Gives a call up whose answer the transport has not taken in time, because its client grants no window or does not
// read from its connection.
class ReadTimer final : private event::Timers::Timer {
 public:
  explicit ReadTimer(ServerCall* call) : call_(call), due_(call->lane()->clock().SteadyNow() + kTimeToRead) {
    call_->lane()->timers().Add(due_, this);
  }
  ~ReadTimer() {
    if (!expired_) call_->lane()->timers().Remove(due_, this);
  }
  bool expired() const { return expired_; }

 private:
  void OnDue() override {
    expired_ = true;
    call_->Abort();
  }

  ServerCall* const call_;
  const SteadyTime due_;
  bool expired_ = false;
};

// The error of a call whose message did not come.
absl::Status NoMessage(const ServerCall& arrived, call::Call& call) {
  call.result.status = arrived.refusal();
  if (call.result.status.ok() && call.cancellation.cancelled()) {
    call.result.status = lane::CancelledError(call.cancellation.cause(), /*sent=*/false);
  }
  if (call.result.status.ok()) call.result.status = Error(Reason::kMalformedRequest).In(Phase::kParse);
  return call.result.status;
}

// No initial metadata is sent before an error: a client may retry only what has no headers yet (gRPC A6).
ServerCall::Ending MakeEnding(const call::Call& call, absl::StatusOr<std::string> reply) {
  ServerCall::Ending ending;
  if (call.result.replayed) ending.trailers.push_back({kReplayedKey, "true"});
  if (call.result.bypassed) ending.trailers.push_back({kBypassTrailer, kBypassed});
  if (reply.ok()) {
    ending.reply = *std::move(reply);
    return ending;
  }
  if (OutcomeOf(reply.status()) == Outcome::kUnknown) ending.trailers.push_back({kPushbackKey, kPushbackNever});
  ending.status = ToRpcStatus(reply.status(), call.upstream->name, call.request_id);
  return ending;
}

}  // namespace

void InteractionService::Register(Methods* methods) {
  const auto add = [this, methods](const char* path, const Backend* backend) {
    methods->Add(path, MethodKind::kUnary, [this, backend](std::unique_ptr<ServerCall> arrived, LaneCalls* calls) {
      return Serve(backend, std::move(arrived), calls);
    });
  };
  add("/interaction.v1.InteractionService/CreateVspInteraction", &options_.create_vsp);
  add("/interaction.v1.InteractionService/AddWolkvoxInteraction", &options_.add_wolkvox);
}

std::shared_ptr<call::Call> InteractionService::MakeCall(const Backend& backend, const ServerCall& arrived) const {
  auto call = std::make_shared<call::Call>(arrived.lane(), backend.upstream);
  call->limits = backend.limits;
  call->observer = options_.observer;
  if (options_.count_peers) call->peer = PeerHost(arrived.peer());
  call->caller = arrived.caller();
  call->trace = TraceContextOf(arrived.metadata());
  return call;
}

lane::Task<void> InteractionService::Serve(const Backend* backend, std::unique_ptr<ServerCall> arrived,
                                           LaneCalls* calls) {
  const std::shared_ptr<call::Call> call = MakeCall(*backend, *arrived);
  arrived->NotifyOfEnd(calls, MethodKind::kUnary, &call->cancellation);
  auto read = arrived->Read();
  const bool has_message = co_await read;
  const CallMetadata metadata = ReadMetadata(arrived->metadata());
  call->is_retry = metadata.is_retry;
  absl::StatusOr<std::string> reply = has_message ? absl::StatusOr<std::string>("") : NoMessage(*arrived, *call);
  if (has_message) {
    auto handle = Handle(call, {.message = arrived->message(), .metadata = metadata, .time_left = arrived->time_left()},
                         &options_.handling, &calls->unary_calls);
    reply = co_await handle;
  }
  {
    const ReadTimer timer(arrived.get());
    auto finish = arrived->Finish(MakeEnding(*call, std::move(reply)));
    co_await finish;
    if (timer.expired()) ReportUnread(*call);
  }
  if (call->observer) call->observer->OnEnd(*call);
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
