#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/base/clock.h"
#include "server/limits/permit_queue.h"

namespace interaction::limits {
namespace {

using Permit = PermitQueue::Permit;

constexpr int kLimit = 2;
constexpr int kKeys = 3;
constexpr int kThreads = 4;
constexpr int kCallsPerThread = 5000;

// Time passes whenever somebody looks.
class TickingClock final : public Clock {
 public:
  absl::Time WallNow() const override { return absl::UnixEpoch(); }
  SteadyTime SteadyNow() const override { return now_.fetch_add(1000); }

 private:
  mutable std::atomic<SteadyTime> now_{1};
};

// What all threads see.
struct Shared {
  const TickingClock clock;
  PermitQueue queue{{.limit = kLimit, .max_waiting_per_key = 20}, &clock, nullptr};
  std::array<std::atomic<int>, kKeys> active{};
  std::atomic<int> over_limit{0};
  std::atomic<int> ended{0};
  std::atomic<int> ended_twice{0};
  std::atomic<int> held{0};
  std::atomic<int> handed_over{0};
};

// Stands for a lane: work that other threads hand over to it, in order, and calls that wait on it.
class Worker {
 public:
  Worker(Shared* shared, int seed) : shared_(shared), random_(seed) {}

  void Execute(absl::AnyInvocable<void() &&> work) {
    const std::lock_guard lock(mutex_);
    handed_over_.push_back(std::move(work));
  }

  // Begins its calls, a few at once, and ends when every one has ended.
  void Run() {
    int begun = 0;
    while (begun < kCallsPerThread || !calls_.empty()) {
      if (begun < kCallsPerThread && calls_.size() < 12) {
        ++begun;
        BeginCall();
      }
      RunHandedOver();
      Stir();
    }
  }

 private:
  class Call;

  void BeginCall();
  void RunHandedOver();
  void Stir();

  Shared* const shared_;
  std::mt19937 random_;
  std::deque<std::unique_ptr<Call>> calls_;  // that wait or hold a permit
  std::mutex mutex_;
  std::vector<absl::AnyInvocable<void() &&>> handed_over_;  // guarded by mutex_
};

// A call as AcquirePermit would have it: the queue tells it on any thread, and it goes on on the worker's.
class Worker::Call final : public PermitQueue::Waiter {
 public:
  Call(Worker* worker, int key) : worker_(worker), key_(key) {}

  void OnPermit(absl::StatusOr<Permit> permit) override {
    ++worker_->shared_->handed_over;
    worker_->Execute([this, permit = std::move(permit)]() mutable { End(std::move(permit)); });
  }

  // The wait is over: with a permit, the call keeps it for a while.
  void End(absl::StatusOr<Permit> permit) {
    Shared& shared = *worker_->shared_;
    if (waited_) ++shared.ended_twice;
    waited_ = true;
    ++shared.ended;
    if (!permit.ok()) return;
    ++shared.held;
    if (shared.active[key_].fetch_add(1) >= kLimit) ++shared.over_limit;
    permit->CountUse();
    permit_.emplace(*std::move(permit));
  }

  void GiveBack() {
    worker_->shared_->active[key_].fetch_sub(1);
    permit_.reset();
  }

  bool waits() const { return !waited_; }
  bool holds() const { return permit_.has_value(); }

 private:
  Worker* const worker_;
  const int key_;
  bool waited_ = false;
  std::optional<Permit> permit_;
};

void Worker::BeginCall() {
  const int key = static_cast<int>(random_() % kKeys);
  // From hopeless to ample.
  const SteadyTime deadline = shared_->clock.SteadyNow() + (int64_t{1} << (random_() % 28));
  Call& call = *calls_.emplace_back(std::make_unique<Call>(this, key));
  auto permit = shared_->queue.Acquire(std::string(1, static_cast<char>('a' + key)), deadline, &call);
  if (permit) call.End(*std::move(permit));
}

void Worker::RunHandedOver() {
  std::unique_lock lock(mutex_);
  auto work = std::exchange(handed_over_, {});
  lock.unlock();
  for (auto& item : work) std::move(item)();
  if (work.empty()) std::this_thread::yield();
}

// Ends some calls that hold permits and gives up some that wait: in any order, and often just as a permit arrives.
void Worker::Stir() {
  for (int i = static_cast<int>(calls_.size()); i > 0; --i) {
    std::unique_ptr<Call> call = std::move(calls_.front());
    calls_.pop_front();
    if (call->holds() && random_() % 4 == 0) call->GiveBack();
    if (call->waits() && random_() % 32 == 0 && shared_->queue.Withdraw(call.get())) {
      call->End(shared_->queue.Expired());
    }
    if (call->waits() || call->holds()) calls_.push_back(std::move(call));
  }
}

TEST(PermitQueueStressTest, NeverExceedsTheLimitAndEndsEveryWaitOnce) {
  Shared shared;
  std::deque<Worker> workers;
  for (int i = 0; i < kThreads; ++i) workers.emplace_back(&shared, i);
  std::vector<std::thread> threads;
  for (Worker& worker : workers) threads.emplace_back([&worker] { worker.Run(); });
  for (std::thread& thread : threads) thread.join();

  EXPECT_EQ(shared.over_limit, 0);
  EXPECT_EQ(shared.ended, kThreads * kCallsPerThread);
  EXPECT_EQ(shared.ended_twice, 0);
  EXPECT_GT(shared.held, 0);
  EXPECT_GT(shared.handed_over, 0);
  int64_t uses = 0;
  for (const PermitQueue::KeyState& state : shared.queue.Snapshot()) {
    EXPECT_EQ(state.active, 0) << state.key;
    EXPECT_EQ(state.waiting, 0) << state.key;
    uses += state.uses_today;
  }
  EXPECT_EQ(uses, shared.held);
}

}  // namespace
}  // namespace interaction::limits
