#include "client/retry_policy.h"

#include <nlohmann/json.hpp>
#include <optional>

#include "absl/random/random.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace interaction::internal {
namespace {

using ::testing::AllOf;
using ::testing::Ge;
using ::testing::Le;
using ::testing::Optional;

std::optional<absl::Duration> WaitAfter(RetryPolicy& policy, int attempts,
                                        std::optional<absl::string_view> pushback = std::nullopt) {
  absl::BitGen random;
  return policy.Wait(attempts, grpc::StatusCode::UNAVAILABLE, pushback, random);
}

TEST(RetryPolicyTest, TheWaitDoublesWithEachAttemptAndVariesByAFifth) {
  RetryPolicy policy;

  EXPECT_THAT(WaitAfter(policy, 1), Optional(AllOf(Ge(absl::Milliseconds(80)), Le(absl::Milliseconds(120)))));
  EXPECT_THAT(WaitAfter(policy, 2), Optional(AllOf(Ge(absl::Milliseconds(160)), Le(absl::Milliseconds(240)))));
}

TEST(RetryPolicyTest, ThereAreThreeAttempts) {
  RetryPolicy policy;

  EXPECT_EQ(WaitAfter(policy, 3), std::nullopt);
}

TEST(RetryPolicyTest, OnlyUnavailableIsTriedAgain) {
  RetryPolicy policy;
  absl::BitGen random;

  for (int code = 1; code <= 16; ++code) {
    const bool is_tried_again = policy.Wait(1, static_cast<grpc::StatusCode>(code), std::nullopt, random).has_value();
    EXPECT_EQ(is_tried_again, code == grpc::StatusCode::UNAVAILABLE) << code;
  }
}

TEST(RetryPolicyTest, ThePushbackOfTheServerIsTheWaitOrForbidsTheNextAttempt) {
  RetryPolicy policy;

  EXPECT_EQ(WaitAfter(policy, 1, "1500"), absl::Milliseconds(1500));
  EXPECT_EQ(WaitAfter(policy, 1, "-1"), std::nullopt);
  EXPECT_EQ(WaitAfter(policy, 1, "soon"), std::nullopt);
}

TEST(RetryPolicyTest, ManyFailuresStopAllRetriesUntilCallsSucceedAgain) {
  RetryPolicy policy;

  for (int i = 0; i < 4; ++i) EXPECT_NE(WaitAfter(policy, 1), std::nullopt) << i;
  EXPECT_EQ(WaitAfter(policy, 1), std::nullopt);
  for (int i = 0; i < 20; ++i) policy.Succeeded();

  EXPECT_NE(WaitAfter(policy, 1), std::nullopt);
}

TEST(RetryPolicyTest, GrpcIsLeftWithHealthChecksAndTheBalancingOfLoad) {
  const auto config = nlohmann::json::parse(RetryPolicy::ServiceConfigOfGrpc());

  EXPECT_EQ(config.at("methodConfig").at(0).at("name"),
            nlohmann::json::parse(R"([{"service": "grpc.health.v1.Health"}])"));
  EXPECT_TRUE(config.at("loadBalancingConfig").at(0).contains("round_robin"));
}

}  // namespace
}  // namespace interaction::internal
