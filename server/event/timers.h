#pragma once

#include <optional>

#include "absl/container/btree_set.h"
#include "server/base/clock.h"

namespace interaction::event {

// The timers of one thread, in the order in which they come due.
class Timers {
 public:
  class Timer {
   public:
    virtual void OnDue() = 0;

   protected:
    ~Timer() = default;
  };

  // `timer` stays listed until it is due or removed; it is listed at most once.
  void Add(SteadyTime due, Timer* timer) { pending_.insert({due, timer}); }
  void Remove(SteadyTime due, Timer* timer) { pending_.erase({due, timer}); }

  std::optional<SteadyTime> Next() const {
    if (pending_.empty()) return std::nullopt;
    return pending_.begin()->due;
  }

  // Runs what is due at `now`, each timer off the list first. Returns whether there was any.
  bool RunDue(SteadyTime now) {
    bool any = false;
    while (!pending_.empty() && pending_.begin()->due <= now) {
      Timer* timer = pending_.begin()->timer;
      pending_.erase(pending_.begin());
      timer->OnDue();
      any = true;
    }
    return any;
  }

 private:
  struct Entry {
    SteadyTime due;
    Timer* timer;
    auto operator<=>(const Entry&) const = default;
  };
  absl::btree_set<Entry> pending_;
};

}  // namespace interaction::event
