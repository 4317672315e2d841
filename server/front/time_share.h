#pragma once

#include "absl/time/time.h"
#include "server/event/loop.h"

namespace interaction::front {

// How long, in one turn of a lane, the lane may work for a group of connections that together must not hold up the
// others. On its lane.
//
//   if (!share.Begin()) return;  // epoll(7) tells again in the next turn
//   ...
//   share.End();
class TimeShare final : private event::Loop::EndOfTurn {
 public:
  // `loop` outlives it. `time`: exceeded by at most one piece of work.
  TimeShare(event::Loop* loop, absl::Duration time) : loop_(loop), time_(absl::ToInt64Nanoseconds(time)) {}
  ~TimeShare() {
    if (is_listed_) loop_->RemoveFromEndOfTurn(this);
  }

  // False if this turn's time is used up.
  bool Begin() {
    if (used_ >= time_) return false;
    if (!is_listed_) loop_->RunAtEndOfTurn(this);
    is_listed_ = true;
    begun_ = loop_->clock().SteadyNow();
    return true;
  }

  void End() { used_ += loop_->clock().SteadyNow() - begun_; }

 private:
  void OnEndOfTurn() override {
    is_listed_ = false;
    used_ = 0;
  }

  event::Loop* const loop_;
  const int64_t time_;  // nanoseconds, like the others
  int64_t used_ = 0;
  SteadyTime begun_ = 0;
  bool is_listed_ = false;
};

}  // namespace interaction::front
