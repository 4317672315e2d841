#include "server/limits/retry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/base/errors.h"

namespace interaction::limits {
namespace {

using ::testing::AllOf;
using ::testing::Ge;
using ::testing::Le;
using ::testing::Optional;

constexpr absl::Duration kPlenty = absl::Seconds(30);

std::optional<absl::Duration> Next(const absl::Status& error, int attempts = 1, absl::Duration time_left = kPlenty,
                                   double random = 0.5) {
  return RetryPolicy(RetryOptions()).Next(error, attempts, time_left, random);
}

class ReasonTest : public ::testing::TestWithParam<ReasonEntry> {};

TEST_P(ReasonTest, IsRetriedOnlyWhereTheNextAttemptHasAChance) {
  const Reason reason = GetParam().reason;
  const bool retried = reason == Reason::kUpstreamDnsFailure || reason == Reason::kUpstreamConnectFailed ||
                       reason == Reason::kUpstreamTlsFailed || reason == Reason::kUpstreamConcurrencyLimit;
  EXPECT_EQ(Next(Error(reason)).has_value(), retried);
}

TEST_P(ReasonTest, IsNeverRetriedWhenTheOutcomeIsUnknown) {
  EXPECT_EQ(Next(Error(GetParam().reason).WithUpstreamRetryAfter(absl::Seconds(1)).WithOutcome(Outcome::kUnknown)),
            std::nullopt);
}

TEST_P(ReasonTest, WaitsAsToldOnlyWhereTheUpstreamMayTell) {
  const Reason reason = GetParam().reason;
  const bool told = reason == Reason::kUpstreamUnavailable || reason == Reason::kUpstreamRateLimited;
  EXPECT_EQ(Next(Error(reason).WithUpstreamRetryAfter(absl::Seconds(7)), 1, kPlenty, 0) == absl::Seconds(7), told);
}

INSTANTIATE_TEST_SUITE_P(Catalogue, ReasonTest, ::testing::ValuesIn(ReasonCatalogue()),
                         [](const auto& row) { return std::string(row.param.name); });

TEST(RetryPolicyTest, NeverRetriesAStatusFromElsewhere) { EXPECT_EQ(Next(absl::UnavailableError("?")), std::nullopt); }

TEST(RetryPolicyTest, DoesNotRetryAHandshakeThatASideRefused) {
  EXPECT_EQ(Next(Error(Reason::kUpstreamTlsFailed).WithCode(absl::StatusCode::kFailedPrecondition)), std::nullopt);
}

TEST(RetryPolicyTest, BacksOffWithFullJitterFromABoundThatDoubles) {
  const absl::Status error = Error(Reason::kUpstreamConnectFailed);
  EXPECT_EQ(Next(error, 1, kPlenty, 0), absl::ZeroDuration());
  EXPECT_EQ(Next(error, 1, kPlenty, 0.5), absl::Milliseconds(25));
  EXPECT_EQ(Next(error, 2, kPlenty, 0.5), absl::Milliseconds(50));
}

TEST(RetryPolicyTest, BacksOffNoLongerThanItsMaximum) {
  const RetryPolicy policy({.connect_retries = 100});
  EXPECT_EQ(policy.Next(Error(Reason::kUpstreamDnsFailure), 100, kPlenty, 0.5), absl::Milliseconds(500));
}

TEST(RetryPolicyTest, GivesUpConnectingAfterTwoMoreAttempts) {
  EXPECT_NE(Next(Error(Reason::kUpstreamConnectFailed), 2), std::nullopt);
  EXPECT_EQ(Next(Error(Reason::kUpstreamConnectFailed), 3), std::nullopt);
}

TEST(RetryPolicyTest, WaitsLongerWhenTheUpstreamCountsTooManyRequests) {
  const absl::Status error = Error(Reason::kUpstreamConcurrencyLimit);
  EXPECT_EQ(Next(error, 1, kPlenty, 0), absl::Milliseconds(200));
  EXPECT_EQ(Next(error, 2, kPlenty, 0.5), absl::Milliseconds(500));
  EXPECT_EQ(Next(error, 3), std::nullopt);
}

TEST(RetryPolicyTest, ComesAgainOnceWhenTheUpstreamSaidWhen) {
  const absl::Status error = Error(Reason::kUpstreamRateLimited).WithUpstreamRetryAfter(absl::Seconds(2));
  EXPECT_EQ(Next(error, 1, kPlenty, 0), absl::Seconds(2));
  EXPECT_THAT(Next(error, 1, kPlenty, 0.999), Optional(AllOf(Ge(absl::Seconds(2)), Le(absl::Milliseconds(2200)))));
  EXPECT_EQ(Next(error, 2), std::nullopt);
}

TEST(RetryPolicyTest, DoesNotComeAgainOnATimeThatTheGatewayMadeUp) {
  EXPECT_EQ(Next(Error(Reason::kUpstreamUnavailable).WithRetryAfter(absl::Seconds(1))), std::nullopt);
}

TEST(RetryPolicyTest, StopsWhenTheWaitLeavesLessThanFiftyMilliseconds) {
  const absl::Status error = Error(Reason::kUpstreamConcurrencyLimit);
  EXPECT_EQ(Next(error, 1, absl::Milliseconds(250), 0), absl::Milliseconds(200));
  EXPECT_EQ(Next(error, 1, absl::Milliseconds(249), 0), std::nullopt);
  EXPECT_EQ(Next(error, 1, -absl::Seconds(1), 0), std::nullopt);
}

class RetryBudgetTest : public ::testing::Test {
 protected:
  // Calls that begin now and stay in flight.
  std::vector<RetryBudget::Call> Begin(int calls) {
    std::vector<RetryBudget::Call> begun;
    for (int i = 0; i < calls; ++i) begun.push_back(budget_.Begin(/*caller_retries=*/false));
    return begun;
  }

  telemetry::Counters counters_;
  RetryBudget budget_{RetryBudgetOptions{.max_tokens = 1000}, &counters_};
};

TEST_F(RetryBudgetTest, LetsThreeOfFewCallsRetry) {
  auto calls = Begin(10);
  EXPECT_TRUE(calls[0].MayRetry());
  EXPECT_TRUE(calls[1].MayRetry());
  EXPECT_TRUE(calls[2].MayRetry());
  EXPECT_FALSE(calls[3].MayRetry());
  EXPECT_EQ(counters_.Value(telemetry::Counter::kRetries), 3);
  EXPECT_EQ(counters_.Value(telemetry::Counter::kRetriesWithheld), 1);
}

TEST_F(RetryBudgetTest, LetsAFifthOfManyCallsRetry) {
  auto calls = Begin(100);
  int retrying = 0;
  for (RetryBudget::Call& call : calls) retrying += call.MayRetry();
  EXPECT_EQ(retrying, 20);
}

TEST_F(RetryBudgetTest, LetsACallThatRetriesGoOn) {
  auto calls = Begin(3);
  for (RetryBudget::Call& call : calls) EXPECT_TRUE(call.MayRetry());
  EXPECT_TRUE(calls[0].MayRetry());
}

TEST_F(RetryBudgetTest, HasRoomAgainWhenACallThatRetriedEnds) {
  auto calls = Begin(4);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(calls[i].MayRetry());
  EXPECT_FALSE(calls[3].MayRetry());
  { const RetryBudget::Call ended = std::move(calls[0]); }
  EXPECT_TRUE(calls[3].MayRetry());
}

TEST_F(RetryBudgetTest, GivesNothingToACallThatIsItselfARetry) {
  RetryBudget::Call call = budget_.Begin(/*caller_retries=*/true);
  EXPECT_FALSE(call.MayRetry());
  EXPECT_EQ(counters_.Value(telemetry::Counter::kRetriesWithheld), 1);
}

class RetryThrottleTest : public ::testing::Test {
 protected:
  bool MayRetry() { return budget_.Begin(/*caller_retries=*/false).MayRetry(); }
  void Succeed(int calls) {
    for (int i = 0; i < calls; ++i) budget_.Begin(/*caller_retries=*/false).Succeed();
  }

  RetryBudget budget_{RetryBudgetOptions{.max_tokens = 10}, nullptr};
};

TEST_F(RetryThrottleTest, StopsWhenHalfOfTheTokensAreGone) {
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(MayRetry()) << i;
  EXPECT_FALSE(MayRetry());
}

TEST_F(RetryThrottleTest, EarnsATokenWithTenSuccesses) {
  for (int i = 0; i < 5; ++i) MayRetry();
  Succeed(10);
  EXPECT_FALSE(MayRetry()) << "six tokens, less the one of this failure";
  Succeed(11);
  EXPECT_TRUE(MayRetry());
}

TEST_F(RetryThrottleTest, NeitherSavesNorOwesMoreThanItsTokens) {
  Succeed(1000);
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(MayRetry()) << i;
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(MayRetry());
  Succeed(61);
  EXPECT_TRUE(MayRetry());
}

}  // namespace
}  // namespace interaction::limits
