#include "server/rpc/health_service.h"

#include <algorithm>
#include <utility>

#include "server/rpc/stream.h"

namespace interaction::rpc {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

HealthCheckResponse MakeResponse(HealthService::Status status) {
  HealthCheckResponse response;
  response.set_status(status);
  return response;
}

}  // namespace

struct HealthService::CheckCall {
  CallLife life{CallLife::AtShutdown::kAnswer};
  HealthCheckRequest request;
  grpc::ServerAsyncResponseWriter<HealthCheckResponse> responder{&life.context()};
};

struct HealthService::WatchCall {
  CallLife life{CallLife::AtShutdown::kCutOff};
  HealthCheckRequest request;
  grpc::ServerAsyncWriter<HealthCheckResponse> stream{&life.context()};
};

struct HealthService::LaneState {
  lane::Lane* lane;
  LaneCalls* calls;
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

void HealthService::Add(lane::Lane* lane, LaneCalls* calls) {
  lanes_.push_back(std::make_unique<LaneState>(LaneState{lane, calls, {}}));
}

void HealthService::Start(lane::Lane* lane, LaneCalls*) {
  LaneState* const state = lanes_[lane->index()].get();
  lane::Spawn(AcceptCalls<CheckCall>(
      lane,
      [this](CheckCall* call, grpc::ServerCompletionQueue* queue, void* tag) {
        service_.RequestCheck(&call->life.context(), &call->request, &call->responder, queue, queue, tag);
      },
      [this, state](std::unique_ptr<CheckCall> call) { return ServeCheck(state, std::move(call)); }));
  lane::Spawn(AcceptCalls<WatchCall>(
      lane,
      [this](WatchCall* call, grpc::ServerCompletionQueue* queue, void* tag) {
        service_.RequestWatch(&call->life.context(), &call->request, &call->stream, queue, queue, tag);
      },
      [this, state](std::unique_ptr<WatchCall> call) { return ServeWatch(state, std::move(call)); }));
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

lane::Task<void> HealthService::ServeCheck(LaneState* state, std::unique_ptr<CheckCall> call) {
  call->life.Arrived(state->calls);
  const Status status = StatusOf(call->request.service());
  lane::Operation finished;
  if (status == HealthCheckResponse::SERVICE_UNKNOWN) {
    call->responder.FinishWithError({grpc::StatusCode::NOT_FOUND, "unknown service"}, finished.tag());
  } else {
    call->responder.Finish(MakeResponse(status), grpc::Status::OK, finished.tag());
  }
  co_await finished;
  co_await call->life.Ended();
}

lane::Task<void> HealthService::ServeWatch(LaneState* state, std::unique_ptr<WatchCall> call) {
  call->life.Arrived(state->calls);
  Status told = HealthCheckResponse::UNKNOWN;
  while (!call->life.cancellation().cancelled()) {
    if (const Status status = StatusOf(call->request.service()); status != told) {
      told = status;
      lane::Operation written;
      call->stream.Write(MakeResponse(status), written.tag());
      const bool ok = co_await written;
      if (!ok) break;
    } else {
      Change change(state, &call->life.cancellation());
      co_await change;
    }
  }
  auto finish = FinishStream(&call->stream, &call->life, {grpc::StatusCode::UNAVAILABLE, "server shutting down"});
  co_await finish;
}

}  // namespace interaction::rpc
