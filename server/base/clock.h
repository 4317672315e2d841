#pragma once

#include <time.h>

#include <cstdint>
#include <limits>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace interaction {

// A point on the steady clock: does not jump when the wall clock is set, and keeps counting while the machine sleeps.
// Nanoseconds.
using SteadyTime = int64_t;

inline constexpr SteadyTime kNever = std::numeric_limits<SteadyTime>::max();

// Tells the time, so that tests can hold it still. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  // Time for people and for HTTP dates.
  virtual absl::Time WallNow() const = 0;
  // Time for deadlines and timers.
  virtual SteadyTime SteadyNow() const = 0;
};

// The machine's clocks.
class RealClock final : public Clock {
 public:
  absl::Time WallNow() const override { return absl::Now(); }
  SteadyTime SteadyNow() const override {
    timespec t;
    clock_gettime(CLOCK_BOOTTIME, &t);
    return t.tv_sec * int64_t{1000000000} + t.tv_nsec;
  }
};

}  // namespace interaction
