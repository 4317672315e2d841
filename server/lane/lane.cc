#include "server/lane/lane.h"

#include <utility>

namespace interaction::lane {

Lane::Lane(size_t index, std::unique_ptr<event::Loop> loop, std::unique_ptr<http::Client> client, absl::Duration spin)
    : index_(index), loop_(std::move(loop)), client_(std::move(client)), spin_(spin) {}

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
  SteadyTime idle_since = clock().SteadyNow();
  SteadyTime now = idle_since;
  while (!stopped_) {
    const bool awaits_answer = client_->in_flight() > 0;
    const bool looks = awaits_answer && spin_.LooksAgain(now - idle_since);
    const bool worked = Turn(looks ? absl::ZeroDuration() : MaySleep());
    const SteadyTime began = loop_->woke();
    now = clock().SteadyNow();
    if (!worked) continue;
    if (awaits_answer) spin_.WaitEnded(began - idle_since);
    turns_.Observe(now - began);
    idle_since = now;
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

absl::Duration Lane::MaySleep() {
  if (!stages_.IsEmpty() || loop_->HasEndOfTurn()) return absl::ZeroDuration();
  const absl::Duration wait = loop_->TimeToNextTimer();
  if (wait <= absl::ZeroDuration()) return wait;
  const MutexLock lock(&mutex_);
  if (!handed_over_.empty()) return absl::ZeroDuration();
  sleeping_ = true;
  return wait;
}

}  // namespace interaction::lane
