#include "server/app/lane_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/synchronization/notification.h"
#include "tests/support/fake_clock.h"
#include "tests/unit/lane/test_lane.h"

namespace interaction::app {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(LaneWatchTest, ALaneThatDoesNotTurnForTenSecondsIsStuckUntilItTurnsAgain) {
  testing::FakeClock clock;
  testing::TestLane good(&clock), bad(&clock);
  LaneWatch watch({good.get(), bad.get()}, &clock);
  absl::Notification go_on;
  bad.get()->Execute([&] { go_on.WaitForNotification(); });
  watch.Look();
  good.Run([] {});
  EXPECT_THAT(watch.Stuck(), IsEmpty());
  clock.Advance(LaneWatch::kPatience + absl::Seconds(1));
  watch.Look();
  good.Run([] {});
  EXPECT_THAT(watch.Stuck(), ElementsAre(1));
  go_on.Notify();
  bad.Run([] {});
  EXPECT_THAT(watch.Stuck(), IsEmpty());
}

}  // namespace
}  // namespace interaction::app
