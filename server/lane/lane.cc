#include "server/lane/lane.h"

#include <algorithm>
#include <utility>

#include "server/base/status_macros.h"

namespace interaction::lane {

absl::StatusOr<std::unique_ptr<Lane>> Lane::Create(size_t index, std::unique_ptr<http::Client> client,
                                                   absl::Duration spin, const Clock* clock) {
  ASSIGN_OR_RETURN(std::unique_ptr<event::Poll> poll, event::Poll::Create());
  const int http_fd = client->epoll_fd();
  auto lane = std::unique_ptr<Lane>(new Lane(index, std::move(poll), std::move(client), spin, clock));
  RETURN_IF_ERROR(lane->poll_->Add(http_fd, EPOLLIN, &lane->http_events_));
  return lane;
}

Lane::Lane(size_t index, std::unique_ptr<event::Poll> poll, std::unique_ptr<http::Client> client, absl::Duration spin,
           const Clock* clock)
    : index_(index),
      poll_(std::move(poll)),
      client_(std::move(client)),
      spin_ns_(absl::ToInt64Nanoseconds(spin)),
      clock_(clock) {}

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
  if (asleep) poll_->Wake();
}

void Lane::RemoveFromEndOfTurn(EndOfTurn* end) {
  std::erase(at_end_of_turn_, end);
  std::replace(ending_.begin(), ending_.end(), end, static_cast<EndOfTurn*>(nullptr));
}

void Lane::Run() {
  SteadyTime last_work = clock_->SteadyNow();
  while (!stopped_) {
    if (Turn(absl::ZeroDuration())) {
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

bool Lane::Turn(absl::Duration wait) {
  bool worked = poll_->Turn(wait);
  if (wait > absl::ZeroDuration()) {
    const MutexLock lock(&mutex_);
    sleeping_ = false;  // from now on it needs no waking
  }
  worked |= client_->Turn();
  if (timers_.Next()) worked |= timers_.RunDue(clock_->SteadyNow());
  worked |= RunHandedOver();
  worked |= FinishTurn();
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
  for (auto& item : work) std::move(item)();
  return true;
}

bool Lane::FinishTurn() {
  if (at_end_of_turn_.empty()) return false;
  ending_.swap(at_end_of_turn_);
  for (size_t i = 0; i < ending_.size(); ++i) {
    if (ending_[i]) ending_[i]->OnEndOfTurn();
  }
  ending_.clear();
  return true;
}

void Lane::Sleep() {
  const absl::Duration wait = TimeToNextTimer();
  if (wait > absl::ZeroDuration()) {
    const MutexLock lock(&mutex_);
    if (!handed_over_.empty()) return;
    sleeping_ = true;
  }
  Turn(wait);
}

absl::Duration Lane::TimeToNextTimer() const {
  const SteadyTime next = std::min(timers_.Next().value_or(kNever), client_->NextTimer().value_or(kNever));
  if (next == kNever) return absl::InfiniteDuration();
  return std::max(absl::ZeroDuration(), absl::Nanoseconds(next - clock_->SteadyNow()));
}

}  // namespace interaction::lane
