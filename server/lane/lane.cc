#include "server/lane/lane.h"

#include <utility>

namespace interaction::lane {

Lane::Lane(size_t index, std::unique_ptr<event::Loop> loop, std::unique_ptr<http::Client> client, absl::Duration spin)
    : index_(index), loop_(std::move(loop)), client_(std::move(client)), spin_ns_(absl::ToInt64Nanoseconds(spin)) {}

Lane::~Lane() = default;

void Lane::Start() { thread_ = std::thread(&Lane::Run, this); }

void Lane::Join() {
  Execute([this] { stopped_ = true; });
  thread_.join();
}

void Lane::Execute(absl::AnyInvocable<void() &&> work) {
  bool asleep;
  {
    const MutexLock lock(&mutex_);
    handed_over_.push_back(std::move(work));
    has_handed_over_.store(true, std::memory_order_release);
    asleep = std::exchange(sleeping_, false);  // one wake-up is enough
  }
  if (asleep) loop_->poll().Wake();
}

void Lane::Run() {
  SteadyTime began = clock().SteadyNow();  // of the turn
  SteadyTime last_work = began;
  while (!stopped_) {
    const bool worked = Turn(absl::ZeroDuration());
    SteadyTime now = clock().SteadyNow();
    if (worked) {
      CountTurn(began, now);
      last_work = now;
    } else if (now - last_work >= spin_ns_) {
      Sleep();
      last_work = now = clock().SteadyNow();
    }
    began = now;
  }
}

bool Lane::Turn(absl::Duration wait) {
  bool worked = loop_->Act(wait);
  if (wait > absl::ZeroDuration()) {
    const MutexLock lock(&mutex_);
    sleeping_ = false;  // from now on it needs no waking
  }
  worked |= stages_.Run();  // before the timers: an answer that is there counts
  worked |= loop_->RunDueTimers();
  worked |= RunHandedOver();
  worked |= stages_.Run();
  worked |= loop_->FinishTurn();
  return worked;
}

bool Lane::RunHandedOver() {
  if (!has_handed_over_.load(std::memory_order_acquire)) return false;
  std::vector<absl::AnyInvocable<void() &&>> work;
  {
    const MutexLock lock(&mutex_);
    work.swap(handed_over_);
    has_handed_over_.store(false, std::memory_order_relaxed);
  }
  loop_->RenewTurnTime();
  for (auto& item : work) std::move(item)();
  return true;
}

void Lane::Sleep() {
  const absl::Duration wait = loop_->TimeToNextTimer();
  if (wait <= absl::ZeroDuration()) return;  // the next turn runs the timer
  {
    const MutexLock lock(&mutex_);
    if (!handed_over_.empty()) return;
    sleeping_ = true;
  }
  if (Turn(wait)) CountTurn(loop_->woke(), clock().SteadyNow());
}

}  // namespace interaction::lane
