#include "server/call/deadline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "server/base/errors.h"
#include "tests/support/matchers.h"

namespace interaction::call {
namespace {

using ::interaction::testing::HasReason;
using ::interaction::testing::IsOkAndHolds;

constexpr DeadlineOptions kOptions{.default_deadline = absl::Seconds(30), .max_deadline = absl::Seconds(60)};

TEST(TransferTimeTest, LeavesAMarginOfFivePercentBetweenItsBounds) {
  EXPECT_THAT(TransferTime(absl::Seconds(1), kOptions), IsOkAndHolds(absl::Milliseconds(950)));
  EXPECT_THAT(TransferTime(absl::Milliseconds(100), kOptions), IsOkAndHolds(absl::Milliseconds(80)));
  EXPECT_THAT(TransferTime(absl::Seconds(20), kOptions), IsOkAndHolds(absl::Milliseconds(19750)));
}

TEST(TransferTimeTest, IsTheDefaultForACallWithoutADeadline) {
  EXPECT_THAT(TransferTime(std::nullopt, kOptions), IsOkAndHolds(absl::Milliseconds(29750)));
}

TEST(TransferTimeTest, IsCutToTheMaximum) {
  EXPECT_THAT(TransferTime(absl::Hours(24), kOptions), IsOkAndHolds(absl::Milliseconds(59750)));
  EXPECT_THAT(TransferTime(absl::InfiniteDuration(), kOptions), IsOkAndHolds(absl::Milliseconds(59750)));
}

TEST(TransferTimeTest, RefusesToSendWhenTooLittleIsLeft) {
  EXPECT_THAT(TransferTime(absl::Milliseconds(49), kOptions), HasReason(Reason::kDeadlineBeforeSend));
  EXPECT_THAT(TransferTime(absl::ZeroDuration(), kOptions), HasReason(Reason::kDeadlineBeforeSend));
  EXPECT_THAT(TransferTime(-absl::Seconds(5), kOptions), HasReason(Reason::kDeadlineBeforeSend));
  EXPECT_THAT(TransferTime(absl::Milliseconds(50), kOptions), IsOkAndHolds(absl::Milliseconds(30)));
}

}  // namespace
}  // namespace interaction::call
