#include "server/rpc/interaction_service.h"

#include <utility>

#include "server/base/errors.h"
#include "server/event/timers.h"
#include "server/lane/operations.h"
#include "server/rpc/admit.h"
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

// Whether the caller may make the call: before anything of its message is read. The text of OK means nothing.
absl::StatusOr<std::string> LetIn(const ServerCall& arrived, const CallMetadata& metadata, auth::Gate* gate,
                                  call::Call& call) {
  call.is_retry = metadata.is_retry;
  absl::StatusOr<auth::Pass> pass = Admit(arrived, metadata, call.upstream->rpc, gate);
  call.result.status = pass.status();
  if (!pass.ok()) return pass.status();
  call.caller = std::move(pass->caller);
  call.rule = std::move(pass->rule);
  return "";
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

InteractionService::InteractionService(const Options& options)
    : options_(options),
      create_vsp_{.upstreams = {options.lanes, options.create_vsp.upstream}, .limits = options.create_vsp.limits},
      add_wolkvox_{.upstreams = {options.lanes, options.add_wolkvox.upstream}, .limits = options.add_wolkvox.limits} {}

void InteractionService::Register(Methods* methods) {
  const auto add = [this, methods](const char* path, const Rpc* rpc) {
    methods->Add(path, MethodKind::kUnary, [this, rpc](std::unique_ptr<ServerCall> arrived, LaneCalls* calls) {
      return Serve(rpc, std::move(arrived), calls);
    });
  };
  add("/interaction.v1.InteractionService/CreateVspInteraction", &create_vsp_);
  add("/interaction.v1.InteractionService/AddWolkvoxInteraction", &add_wolkvox_);
}

void InteractionService::Use(size_t lane, const Upstreams& upstreams) {
  create_vsp_.upstreams[lane] = upstreams.create_vsp;
  add_wolkvox_.upstreams[lane] = upstreams.add_wolkvox;
}

std::shared_ptr<call::Call> InteractionService::MakeCall(const Rpc& rpc, const ServerCall& arrived) const {
  auto call = std::make_shared<call::Call>(arrived.lane(), rpc.upstreams[arrived.lane()->index()]);
  call->limits = rpc.limits;
  call->observer = options_.observer;
  call->peer = arrived.peer();
  call->trace = TraceContextOf(arrived.metadata());
  if (options_.tracer) {
    call->tracer = options_.tracer;
    call->span = call->tracer->Start(call->trace);
  }
  if (call->observer) call->observer->OnStart(*call);
  return call;
}

lane::Task<void> InteractionService::Serve(const Rpc* rpc, std::unique_ptr<ServerCall> arrived, LaneCalls* calls) {
  const std::shared_ptr<call::Call> call = MakeCall(*rpc, *arrived);
  arrived->NotifyOfEnd(calls, MethodKind::kUnary, &call->cancellation);
  Arrival arrival{.metadata = ReadMetadata(arrived->metadata())};
  absl::StatusOr<std::string> reply = LetIn(*arrived, arrival.metadata, calls->gate, *call);
  if (!reply.ok()) CountRefusal(reply.status());
  bool has_message = false;
  if (reply.ok()) {
    auto read = arrived->Read();
    has_message = co_await read;
    if (!has_message) reply = NoMessage(*arrived, *call);
  }
  if (has_message) {
    call->request_bytes = arrived->message().size();
    arrival.message = arrived->message();
    arrival.time_left = arrived->time_left();
    auto handle = Handle(call, &arrival, &options_.handling, &calls->unary_calls);
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

void InteractionService::CountRefusal(const absl::Status& refusal) const {
  if (options_.counters == nullptr) return;
  const bool is_limited = GetErrorDetails(refusal).reason == Reason::kCallerRateLimited;
  options_.counters->Add(is_limited ? telemetry::Counter::kCallersLimited : telemetry::Counter::kCallersRefused);
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
