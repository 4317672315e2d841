#include "server/rpc/health_service.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "server/rpc/status.h"

namespace interaction::rpc {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

std::string MakeResponse(HealthService::Status status) {
  HealthCheckResponse response;
  response.set_status(status);
  return response.SerializeAsString();
}

// The name of the service that a request asks for; nothing if it is no HealthCheckRequest.
std::optional<std::string> ServiceOf(absl::string_view message) {
  HealthCheckRequest request;
  if (!request.ParseFromArray(message.data(), static_cast<int>(message.size()))) return std::nullopt;
  return request.service();
}

RpcStatus MalformedRequest(const ServerCall& call) {
  if (const absl::Status refusal = call.refusal(); !refusal.ok()) return ToRpcStatus(refusal, "", "");
  return {static_cast<int>(absl::StatusCode::kInvalidArgument), "the request is not a HealthCheckRequest", ""};
}

}  // namespace

struct HealthService::LaneState {
  lane::Lane* lane;
  std::vector<Change*> waiting;  // watches to tell of a change; used on the lane only
};

// Awaits the next change of the state, or the end of the call.
class HealthService::Change final : private lane::Cancellation::Listener {
 public:
  Change(LaneState* state, lane::Cancellation* cancellation) : state_(state), cancellation_(cancellation) {}

  bool await_ready() const { return cancellation_->cancelled(); }
  void await_suspend(std::coroutine_handle<> awaiter) {
    awaiter_ = awaiter;
    cancellation_->Add(this);
    state_->waiting.push_back(this);
  }
  void await_resume() const {}

  void Announce() {
    cancellation_->Remove(this);
    awaiter_.resume();
  }

 private:
  void OnCancel() override {
    state_->waiting.erase(std::find(state_->waiting.begin(), state_->waiting.end(), this));
    awaiter_.resume();
  }

  LaneState* const state_;
  lane::Cancellation* const cancellation_;
  std::coroutine_handle<> awaiter_;
};

HealthService::HealthService(std::vector<std::string> services) {
  for (const std::string& service : services) services_[service] = true;
}

HealthService::~HealthService() = default;

void HealthService::Add(lane::Lane* lane) { lanes_.push_back(std::make_unique<LaneState>(LaneState{lane, {}})); }

void HealthService::Register(Methods* methods) {
  methods->Add(
      "/grpc.health.v1.Health/Check", MethodKind::kUnary,
      [this](std::unique_ptr<ServerCall> call, LaneCalls* calls) { return ServeCheck(std::move(call), calls); });
  methods->Add(
      "/grpc.health.v1.Health/Watch", MethodKind::kStream,
      [this](std::unique_ptr<ServerCall> call, LaneCalls* calls) { return ServeWatch(std::move(call), calls); });
}

void HealthService::SetNotServing() {
  serving_ = false;
  AnnounceChange();
}

void HealthService::SetServing(const std::string& service, bool serving) {
  const auto found = services_.find(service);
  if (found != services_.end() && found->second.exchange(serving) != serving) AnnounceChange();
}

void HealthService::AnnounceChange() {
  for (const auto& state : lanes_) {
    state->lane->Execute([state = state.get()] {
      for (Change* change : std::exchange(state->waiting, {})) change->Announce();
    });
  }
}

HealthService::Status HealthService::StatusOf(const std::string& service) const {
  const auto found = services_.find(service);
  if (!service.empty() && found == services_.end()) return HealthCheckResponse::SERVICE_UNKNOWN;
  const bool served = service.empty() || found->second;
  return serving_ && served ? HealthCheckResponse::SERVING : HealthCheckResponse::NOT_SERVING;
}

lane::Task<void> HealthService::ServeCheck(std::unique_ptr<ServerCall> call, LaneCalls* calls) {
  lane::Cancellation cancellation;
  call->NotifyOfEnd(calls, MethodKind::kUnary, &cancellation);
  auto read = call->Read();
  const bool has_message = co_await read;
  const std::optional<std::string> service = has_message ? ServiceOf(call->message()) : std::nullopt;
  ServerCall::Ending ending;
  if (!service) {
    ending.status = MalformedRequest(*call);
  } else if (const Status status = StatusOf(*service); status == HealthCheckResponse::SERVICE_UNKNOWN) {
    ending.status = {static_cast<int>(absl::StatusCode::kNotFound), "unknown service", ""};
  } else {
    ending.reply = MakeResponse(status);
  }
  auto finish = call->Finish(std::move(ending));
  co_await finish;
}

lane::Task<void> HealthService::ServeWatch(std::unique_ptr<ServerCall> call, LaneCalls* calls) {
  lane::Cancellation cancellation;
  call->NotifyOfEnd(calls, MethodKind::kStream, &cancellation);
  LaneState* const state = lanes_[call->lane()->index()].get();
  auto read = call->Read();
  const bool has_message = co_await read;
  const std::optional<std::string> service = has_message ? ServiceOf(call->message()) : std::nullopt;
  ServerCall::Ending ending;
  ending.status = {static_cast<int>(absl::StatusCode::kUnavailable), "server shutting down", ""};
  if (!service) ending.status = MalformedRequest(*call);
  Status told = HealthCheckResponse::UNKNOWN;
  while (service && !cancellation.cancelled()) {
    if (const Status status = StatusOf(*service); status != told) {
      told = status;
      auto write = call->Write(MakeResponse(status));
      const bool written = co_await write;
      if (!written) break;
    } else {
      Change change(state, &cancellation);
      co_await change;
    }
  }
  auto finish = call->Finish(std::move(ending));
  co_await finish;
}

}  // namespace interaction::rpc
