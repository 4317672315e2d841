#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/base/clock.h"
#include "server/event/poll.h"
#include "server/event/timers.h"

namespace interaction::event {

// What one thread waits for and acts on: descriptors, timers, and what is to be done when a turn has no other work
// left. Its thread calls Turn(), or the parts of it, again and again. All members are for that thread.
class Loop {
 public:
  // Something that runs at the end of a turn: a connection writes all that became ready for it in one go.
  class EndOfTurn {
   public:
    virtual void OnEndOfTurn() = 0;

   protected:
    ~EndOfTurn() = default;
  };

  // Something that runs once all descriptors that were ready have acted: a client parses what its connections read.
  class AfterEvents {
   public:
    virtual void OnAfterEvents() = 0;

   protected:
    ~AfterEvents() = default;
  };

  // `clock` outlives the loop. RESOURCE_EXHAUSTED when the process has no descriptor left.
  static absl::StatusOr<std::unique_ptr<Loop>> Create(const Clock* clock);

  Poll& poll() { return *poll_; }
  Timers& timers() { return timers_; }
  const Clock& clock() const { return *clock_; }

  // For what acts on a ready descriptor: runs it in the same Act(). Each is listed at most once.
  void RunAfterEvents(AfterEvents* after) { after_events_.push_back(after); }
  void RemoveFromAfterEvents(AfterEvents* after) { std::erase(after_events_, after); }

  // Runs it at the end of this turn, or of the next if that end has been reached. Each is listed at most once.
  void RunAtEndOfTurn(EndOfTurn* end) { at_end_of_turn_.push_back(end); }
  void RemoveFromEndOfTurn(EndOfTurn* end);

  // Act(), RunDueTimers(), then FinishTurn(). Returns whether anything was done.
  bool Turn(absl::Duration wait);

  // Waits until a descriptor is ready, poll().Wake() is called or `wait` has passed, then lets ready descriptors act.
  // Zero: only looks. It does not wait for less than `wait` because a timer is due: see TimeToNextTimer().
  bool Act(absl::Duration wait);

  bool RunDueTimers();

  // Runs what is listed for the end of the turn.
  bool FinishTurn();

  // Whether something was listed since, for the end of the next turn: a turn that must not wait.
  bool HasEndOfTurn() const { return !at_end_of_turn_.empty(); }

  // When the last Act() had waited, if it did, and began to act.
  SteadyTime woke() const { return woke_; }

  // When the turn that runs began to act: the time for whatever may be as old as a turn is long, without a look at the
  // clock. A process that stood still within a turn has a long one, so not for a time that must not be cut short.
  SteadyTime turn_time() const { return turn_time_; }
  // For work that is younger than the turn.
  void RenewTurnTime() { turn_time_ = clock_->SteadyNow(); }

  // Zero when a timer is due, infinite when there is none.
  absl::Duration TimeToNextTimer() const;

 private:
  Loop(std::unique_ptr<Poll> poll, const Clock* clock)
      : poll_(std::move(poll)), clock_(clock), turn_time_(clock->SteadyNow()) {}

  const std::unique_ptr<Poll> poll_;
  const Clock* const clock_;
  Timers timers_;
  SteadyTime turn_time_;
  SteadyTime woke_ = 0;
  std::vector<AfterEvents*> after_events_;
  std::vector<EndOfTurn*> at_end_of_turn_;
  std::vector<EndOfTurn*> ending_;  // those of the turn that is ending; null: removed
};

}  // namespace interaction::event
