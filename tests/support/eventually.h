#pragma once

#include <functional>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace interaction::testing {

// Whether `condition` becomes true within `timeout`. For what cannot be waited for otherwise, such as the state of
// another process; it asks every millisecond.
//
//   EXPECT_TRUE(Eventually([&] { return ReadProcessStats(pid).open_fds == before; }));
inline bool Eventually(const std::function<bool()>& condition, absl::Duration timeout = absl::Seconds(5)) {
  for (const absl::Time end = absl::Now() + timeout; absl::Now() < end; absl::SleepFor(absl::Milliseconds(1))) {
    if (condition()) return true;
  }
  return condition();
}

}  // namespace interaction::testing
