#include "server/auth/rate_limit.h"

#include <optional>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace interaction::auth {
namespace {

constexpr SteadyTime kSecond = 1'000'000'000;

TEST(RateLimitTest, TakesABurstAtOnceAndThenOneEachInterval) {
  RateLimit limit(/*calls_per_second=*/10, /*burst=*/3);
  const SteadyTime now = 5 * kSecond;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(limit.Take(now), std::nullopt) << i;
  EXPECT_EQ(limit.Take(now), absl::Milliseconds(100));
  EXPECT_EQ(limit.Take(now + kSecond / 20), absl::Milliseconds(50)) << "a refused call takes nothing";
  EXPECT_EQ(limit.Take(now + kSecond / 10), std::nullopt);
  EXPECT_EQ(limit.Take(now + kSecond / 10), absl::Milliseconds(100));
}

TEST(RateLimitTest, GathersNoMoreThanABurst) {
  RateLimit limit(10, 2);
  const SteadyTime now = 1000 * kSecond;
  EXPECT_EQ(limit.Take(now), std::nullopt);
  EXPECT_EQ(limit.Take(now), std::nullopt);
  EXPECT_NE(limit.Take(now), std::nullopt);
}

}  // namespace
}  // namespace interaction::auth
