#include "server/app/end_watchdog.h"

#include <gtest/gtest.h>

#include "absl/synchronization/notification.h"

namespace interaction::app {
namespace {

TEST(EndWatchdogTest, CallsWhenTheTimeIsUp) {
  absl::Notification late;
  const EndWatchdog watchdog(absl::Milliseconds(1), [&] { late.Notify(); });
  late.WaitForNotification();
}

TEST(EndWatchdogTest, IsSilentWhenItIsDestroyedBefore) {
  bool is_late = false;
  {
    const EndWatchdog watchdog(absl::Hours(1), [&] { is_late = true; });
  }
  EXPECT_FALSE(is_late);
}

}  // namespace
}  // namespace interaction::app
