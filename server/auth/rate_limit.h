#pragma once

#include <atomic>
#include <optional>

#include "absl/time/time.h"
#include "server/base/clock.h"

namespace interaction::auth {

// A token bucket: so many calls a second on average, and `burst` at once. Thread-safe, without a lock: it keeps the
// time at which the bucket would be full again (the generic cell rate algorithm of ITU-T I.371).
class RateLimit {
 public:
  RateLimit(double calls_per_second, int burst)
      : interval_(static_cast<SteadyTime>(1e9 / calls_per_second)), tolerance_(interval_ * (burst - 1)) {}

  // Nothing: the call may go on. Otherwise how long until the next may.
  std::optional<absl::Duration> Take(SteadyTime now) {
    SteadyTime full = full_at_.load(std::memory_order_relaxed);
    while (true) {
      const SteadyTime base = full > now ? full : now;
      if (base - now > tolerance_) return absl::Nanoseconds(base - now - tolerance_);
      if (full_at_.compare_exchange_weak(full, base + interval_, std::memory_order_relaxed)) return std::nullopt;
    }
  }

 private:
  const SteadyTime interval_;   // between calls
  const SteadyTime tolerance_;  // how much earlier than that calls may come
  std::atomic<SteadyTime> full_at_{0};
};

}  // namespace interaction::auth
