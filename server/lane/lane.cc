#include "server/lane/lane.h"

#include <grpc/support/time.h>

#include <algorithm>
#include <utility>

#include "server/base/mutex.h"

namespace interaction::lane {
namespace {

// Events taken in one go before the HTTP client has its turn: enough to spread the cost of looking, few enough that an
// answer does not wait behind a burst of new calls.
constexpr int kEventsPerTurn = 64;

}  // namespace

Lane::Lane(size_t index, std::unique_ptr<grpc::ServerCompletionQueue> queue, std::unique_ptr<http::Client> client,
           absl::Duration spin, const Clock* clock, Watcher* watcher)
    : index_(index),
      queue_(std::move(queue)),
      client_(std::move(client)),
      spin_ns_(absl::ToInt64Nanoseconds(spin)),
      clock_(clock),
      watcher_(watcher) {}

Lane::~Lane() = default;

void Lane::Start() { thread_ = std::thread(&Lane::Run, this); }

void Lane::Join() {
  // In the lane's own turn, so that it cannot set its alarm on a queue that is shut down.
  Execute([this] { queue_->Shutdown(); });
  thread_.join();
}

void Lane::Execute(absl::AnyInvocable<void() &&> work) {
  bool asleep;
  {
    const MutexLock lock(&mutex_);
    handed_over_.push_back(std::move(work));
    has_handed_over_.store(true, std::memory_order_release);
    asleep = sleeping_;
  }
  if (asleep) Wake();
}

void Lane::Wake() {
  if (!wake_pending_.exchange(true)) alarm_.Set(queue_.get(), gpr_time_0(GPR_CLOCK_MONOTONIC), wake_up_.tag());
}

void Lane::WakeUp::Complete(bool) { lane_->wake_pending_.store(false); }

void Lane::Run() {
  SteadyTime last_work = clock_->SteadyNow();
  while (!queue_is_shut_down_) {
    bool worked = DrainQueue();
    worked |= client_->Turn();
    if (timers_.Next()) worked |= timers_.RunDue(clock_->SteadyNow());
    worked |= RunHandedOver();
    if (worked) {
      last_work = 0;  // the clock is read only when there is nothing better to do
      continue;
    }
    const SteadyTime now = clock_->SteadyNow();
    if (last_work == 0) last_work = now;
    if (now - last_work >= spin_ns_) {
      Sleep();
      last_work = 0;
    }
  }
}

bool Lane::DrainQueue() {
  for (int i = 0; i < kEventsPerTurn; ++i) {
    void* tag = nullptr;
    bool ok = false;
    switch (queue_->AsyncNext(&tag, &ok, gpr_inf_past(GPR_CLOCK_MONOTONIC))) {
      case grpc::CompletionQueue::GOT_EVENT:
        static_cast<Completion*>(tag)->Complete(ok);
        break;
      case grpc::CompletionQueue::TIMEOUT:
        return i > 0;
      case grpc::CompletionQueue::SHUTDOWN:
        queue_is_shut_down_ = true;
        return true;
    }
  }
  return true;
}

bool Lane::RunHandedOver() {
  if (!has_handed_over_.load(std::memory_order_acquire)) return false;
  std::vector<absl::AnyInvocable<void() &&>> work;
  {
    const MutexLock lock(&mutex_);
    work.swap(handed_over_);
    has_handed_over_.store(false, std::memory_order_relaxed);
  }
  for (auto& item : work) std::move(item)();
  return true;
}

void Lane::Sleep() {
  {
    const MutexLock lock(&mutex_);
    if (!handed_over_.empty()) return;
    sleeping_ = true;
  }
  watcher_->Arm(this, client_->epoll_fd());
  const SteadyTime next = NextTimer();
  gpr_timespec until = gpr_inf_future(GPR_CLOCK_MONOTONIC);
  if (next != kNever) {
    const int64_t wait = std::max<int64_t>(next - clock_->SteadyNow(), 0);
    until = gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_nanos(wait, GPR_TIMESPAN));
  }
  void* tag = nullptr;
  bool ok = false;
  const auto result = queue_->AsyncNext(&tag, &ok, until);
  {
    const MutexLock lock(&mutex_);
    sleeping_ = false;
  }
  if (result == grpc::CompletionQueue::GOT_EVENT) static_cast<Completion*>(tag)->Complete(ok);
  if (result == grpc::CompletionQueue::SHUTDOWN) queue_is_shut_down_ = true;
}

SteadyTime Lane::NextTimer() const {
  return std::min(timers_.Next().value_or(kNever), client_->NextTimer().value_or(kNever));
}

}  // namespace interaction::lane
