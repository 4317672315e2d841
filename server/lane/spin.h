#pragma once

#include <cstdint>

#include "absl/time/time.h"

namespace interaction::lane {

// Decides whether a thread that waits for an answer looks for it again and again or sleeps. Sleeping takes microseconds
// to fall asleep and to wake up, looking takes the processor: it pays where answers come sooner than that, from a
// service next door, and not where they come over the Internet. So it spins while the last wait would have been worth
// it, and one that was not ends that: what KVM does for a virtual processor that halts (kernel.org, "The KVM halt
// polling system"). Not thread-safe.
class Spin {
 public:
  // `longest`: of a wait that is spent looking; zero: never.
  explicit Spin(absl::Duration longest) : longest_ns_(absl::ToInt64Nanoseconds(longest)) {}

  // Whether to look again, having waited for `waited_ns`.
  bool LooksAgain(int64_t waited_ns) const { return waits_are_short_ && waited_ns < longest_ns_; }

  // The wait ended after `waited_ns`, asleep or not: by the answer, or by other work that came first.
  void WaitEnded(int64_t waited_ns) { waits_are_short_ = waited_ns < longest_ns_; }

 private:
  const int64_t longest_ns_;
  bool waits_are_short_ = false;
};

}  // namespace interaction::lane
