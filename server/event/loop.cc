#include "server/event/loop.h"

#include <algorithm>

#include "server/base/status_macros.h"

namespace interaction::event {

absl::StatusOr<std::unique_ptr<Loop>> Loop::Create(const Clock* clock) {
  ASSIGN_OR_RETURN(std::unique_ptr<Poll> poll, Poll::Create());
  return std::unique_ptr<Loop>(new Loop(std::move(poll), clock));
}

void Loop::RemoveFromEndOfTurn(EndOfTurn* end) {
  std::erase(at_end_of_turn_, end);
  std::replace(ending_.begin(), ending_.end(), end, static_cast<EndOfTurn*>(nullptr));
}

bool Loop::Turn(absl::Duration wait) {
  bool acted = Act(wait);
  acted |= RunDueTimers();
  acted |= FinishTurn();
  return acted;
}

bool Loop::Act(absl::Duration wait) {
  poll_->Wait(wait);
  RenewTurnTime();
  woke_ = turn_time_;
  const bool acted = poll_->Act();
  while (!after_events_.empty()) {
    AfterEvents* const after = after_events_.back();
    after_events_.pop_back();
    after->OnAfterEvents();
  }
  return acted;
}

bool Loop::RunDueTimers() { return timers_.Next() && timers_.RunDue(clock_->SteadyNow()); }

bool Loop::FinishTurn() {
  if (at_end_of_turn_.empty()) return false;
  ending_.swap(at_end_of_turn_);
  for (size_t i = 0; i < ending_.size(); ++i) {
    if (ending_[i]) ending_[i]->OnEndOfTurn();
  }
  ending_.clear();
  return true;
}

absl::Duration Loop::TimeToNextTimer() const {
  const std::optional<SteadyTime> next = timers_.Next();
  if (!next) return absl::InfiniteDuration();
  return std::max(absl::ZeroDuration(), absl::Nanoseconds(*next - clock_->SteadyNow()));
}

}  // namespace interaction::event
