#include "server/grpc_transport/time_left.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

namespace interaction::grpc_transport {
namespace {

using ::testing::AllOf;
using ::testing::Gt;
using ::testing::Le;
using ::testing::Lt;
using ::testing::Optional;

gpr_timespec FromNow(int64_t seconds) {
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_seconds(seconds, GPR_TIMESPAN));
}

TEST(TimeLeftTest, IsNothingForACallWithoutADeadline) {
  EXPECT_EQ(TimeLeft(gpr_inf_future(GPR_CLOCK_MONOTONIC)), std::nullopt);
}

TEST(TimeLeftTest, CountsDownToTheDeadline) {
  EXPECT_THAT(TimeLeft(FromNow(10)), Optional(AllOf(Gt(absl::Seconds(9)), Le(absl::Seconds(10)))));
}

TEST(TimeLeftTest, IsNegativeOrZeroForADeadlineThatHasPassed) {
  EXPECT_THAT(TimeLeft(FromNow(-10)), Optional(Lt(absl::ZeroDuration())));
  EXPECT_THAT(TimeLeft(gpr_inf_past(GPR_CLOCK_MONOTONIC)), Optional(Lt(absl::ZeroDuration())));
}

// 99999999H is a legal grpc-timeout; as a time_point of nanoseconds it would lie in the past.
TEST(TimeLeftTest, OfADeadlineBeyondAnyClockIsADay) {
  EXPECT_THAT(TimeLeft(FromNow(int64_t{99999999} * 3600)), Optional(absl::Hours(24)));
  EXPECT_THAT(TimeLeft(FromNow(int64_t{1} << 61)), Optional(absl::Hours(24)));
}

}  // namespace
}  // namespace interaction::grpc_transport
