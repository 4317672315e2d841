#include "client/cli/import/pace.h"

#include "gtest/gtest.h"

namespace interaction::cli::import {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'000'000);

TEST(PaceTest, AsManyAsAllowedAreUnderWay) {
  Pace pace(2, 0);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(pace.Earliest(kNow), kNow);
    pace.OnStart(kNow);
  }
  EXPECT_EQ(pace.Earliest(kNow), absl::InfiniteFuture());
  pace.OnEnd();
  EXPECT_EQ(pace.Earliest(kNow), kNow);
}

TEST(PaceTest, TheRateSpacesCalls) {
  Pace pace(10, 4);
  pace.OnStart(kNow);
  EXPECT_EQ(pace.Earliest(kNow), kNow + absl::Milliseconds(250));
  pace.OnStart(kNow + absl::Milliseconds(250));
  EXPECT_EQ(pace.Earliest(kNow), kNow + absl::Milliseconds(500));
}

TEST(PaceTest, TimeWithoutCallsIsNotMadeUpFor) {
  Pace pace(10, 4);
  pace.OnStart(kNow);
  const absl::Time later = kNow + absl::Seconds(60);
  pace.OnStart(later);
  EXPECT_EQ(pace.Earliest(later), later + absl::Milliseconds(250));
}

TEST(PaceTest, AfterSlowDownNothingStartsForAWhileAndHalfAsManyAreAllowed) {
  Pace pace(8, 0);
  pace.OnSlowDown(kNow, absl::Seconds(3));
  EXPECT_EQ(pace.allowed(), 4);
  EXPECT_EQ(pace.Earliest(kNow), kNow + absl::Seconds(3));
  pace.OnSlowDown(kNow + absl::Seconds(1), absl::Seconds(3));  // of a call that was under way
  EXPECT_EQ(pace.allowed(), 4);
  EXPECT_EQ(pace.Earliest(kNow), kNow + absl::Seconds(4));
}

TEST(PaceTest, OneCallIsAlwaysAllowedAndSuccessesBringTheOthersBack) {
  Pace pace(4, 0);
  for (int i = 0; i < 10; ++i) pace.OnSlowDown(kNow + absl::Seconds(i * 10), absl::Seconds(1));
  EXPECT_EQ(pace.allowed(), 1);
  for (int i = 0; i < 20; ++i) pace.OnSuccess();
  EXPECT_EQ(pace.allowed(), 4);
}

}  // namespace
}  // namespace interaction::cli::import
