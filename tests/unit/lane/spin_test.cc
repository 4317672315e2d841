#include "server/lane/spin.h"

#include <gtest/gtest.h>

#include "absl/time/time.h"

namespace interaction::lane {
namespace {

constexpr int64_t kLongest = 50'000;
constexpr int64_t kShort = 20'000;

Spin MakeSpin() { return Spin(absl::Nanoseconds(kLongest)); }

TEST(SpinTest, SleepsBeforeItKnowsHowSoonAnswersCome) { EXPECT_FALSE(MakeSpin().LooksAgain(0)); }

TEST(SpinTest, LooksAgainAfterAnAnswerThatCameSoonerThanTheLongestWait) {
  Spin spin = MakeSpin();
  spin.WaitEnded(kShort);
  EXPECT_TRUE(spin.LooksAgain(0));
  EXPECT_TRUE(spin.LooksAgain(kLongest - 1));
}

TEST(SpinTest, SleepsOnceItHasLookedForTheLongestWait) {
  Spin spin = MakeSpin();
  spin.WaitEnded(kShort);
  EXPECT_FALSE(spin.LooksAgain(kLongest));
}

TEST(SpinTest, AnAnswerThatCameLaterEndsIt) {
  Spin spin = MakeSpin();
  spin.WaitEnded(kShort);
  spin.WaitEnded(kLongest);
  EXPECT_FALSE(spin.LooksAgain(0));
}

TEST(SpinTest, WithALongestWaitOfZeroItAlwaysSleeps) {
  Spin spin(absl::ZeroDuration());
  spin.WaitEnded(0);
  EXPECT_FALSE(spin.LooksAgain(0));
}

}  // namespace
}  // namespace interaction::lane
