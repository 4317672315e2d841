#pragma once

#include <atomic>
#include <cstdint>

#include "absl/time/time.h"
#include "server/base/clock.h"

namespace interaction::testing {

// A clock that moves only when the test says so. Thread-safe.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(absl::Time wall = absl::FromUnixSeconds(1'700'000'000)) : wall_(absl::ToUnixNanos(wall)) {}

  absl::Time WallNow() const override { return absl::FromUnixNanos(wall_); }
  SteadyTime SteadyNow() const override { return steady_; }

  // Time passes, on both clocks.
  void Advance(absl::Duration duration) {
    steady_ += absl::ToInt64Nanoseconds(duration);
    JumpWall(duration);
  }

  // The wall clock is set forwards or, with a negative duration, back; the steady clock does not notice.
  void JumpWall(absl::Duration duration) { wall_ += absl::ToInt64Nanoseconds(duration); }

 private:
  std::atomic<int64_t> wall_;
  std::atomic<SteadyTime> steady_{1'000'000'000};  // not 0, so that a forgotten initial value does not look like "now"
};

}  // namespace interaction::testing
