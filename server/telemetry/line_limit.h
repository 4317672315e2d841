#pragma once

#include <atomic>
#include <cstdint>

#include "server/base/clock.h"

namespace interaction::telemetry {

// Limits similar lines in the log: lets the first few of each second through and counts the others. Thread-safe,
// without a lock.
class LineLimit {
 public:
  enum class Verdict {
    kWrite,
    kLeaveOut,
    kLeaveOutFirst  // the first since TakeLeftOut(): whoever gets this must log the number soon
  };

  explicit LineLimit(int lines_a_second) : lines_a_second_(lines_a_second) {}

  // Decides about a line at `now`.
  Verdict Judge(SteadyTime now) {
    const int64_t second = now / kSecond;
    int64_t seen = seen_.load(std::memory_order_relaxed);
    while (true) {
      const int64_t lines = seen >> kCountBits == second ? seen & kCountMask : 0;
      if (lines >= lines_a_second_) break;
      if (seen_.compare_exchange_weak(seen, (second << kCountBits) | (lines + 1), std::memory_order_relaxed)) {
        return Verdict::kWrite;
      }
    }
    return left_out_.fetch_add(1, std::memory_order_acq_rel) == 0 ? Verdict::kLeaveOutFirst : Verdict::kLeaveOut;
  }

  // The number of lines left out since the last call.
  int64_t TakeLeftOut() { return left_out_.exchange(0, std::memory_order_acq_rel); }

 private:
  static constexpr int64_t kSecond = 1'000'000'000;
  static constexpr int kCountBits = 20;
  static constexpr int64_t kCountMask = (int64_t{1} << kCountBits) - 1;

  const int lines_a_second_;
  std::atomic<int64_t> seen_{-1};  // the current second and, in the lower bits, the lines let through in it
  std::atomic<int64_t> left_out_{0};
};

}  // namespace interaction::telemetry
