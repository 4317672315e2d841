#include "server/auth/policy.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/base/errors.h"
#include "tests/support/matchers.h"

namespace interaction::auth {
namespace {

using ::interaction::testing::IsOk;
using ::testing::IsNull;
using ::testing::Pair;

constexpr char kRpc[] = "CreateVspInteraction";

Caller Token(const std::string& subject) { return {.proof = Proof::kToken, .identity = subject}; }
Caller Certificate(const std::string& name) { return {.proof = Proof::kCertificate, .identity = name}; }

Rule RuleFor(const std::string& name, const std::vector<std::string>& identities) {
  return {.name = name, .identities = identities, .rpcs = {kRpc}};
}

std::string NameOf(const Rule* rule) { return rule == nullptr ? "none" : rule->name; }

TEST(PolicyTest, NoRuleNoEntry) {
  const Policy policy({RuleFor("billing", {"token:billing"})});
  EXPECT_THAT(policy.Find({}), IsNull());
  EXPECT_THAT(policy.Find(Token("sales")), IsNull());
  const absl::Status refused = policy.Admit(Token("sales"), kRpc, 0).status();
  EXPECT_EQ(GetErrorDetails(refused).reason, Reason::kCallerNotAllowed);
  EXPECT_THAT(GetErrorDetails(refused).metadata, ::testing::Contains(Pair("caller", "token:sales")));
}

TEST(PolicyTest, EachProofHasNamesOfItsOwn) {
  const Policy policy({RuleFor("billing", {"token:billing"})});
  EXPECT_EQ(NameOf(policy.Find(Token("billing"))), "billing");
  EXPECT_THAT(policy.Find({.proof = Proof::kApiKey, .identity = "billing"}), IsNull());
  EXPECT_THAT(policy.Find(Certificate("billing")), IsNull());
}

TEST(PolicyTest, TheMostPreciseRuleCounts) {
  const Policy policy({RuleFor("all", {"certificate:spiffe://example.org/*"}),
                       RuleFor("team", {"certificate:spiffe://example.org/team/*"}),
                       RuleFor("one", {"certificate:spiffe://example.org/team/one"})});
  EXPECT_EQ(NameOf(policy.Find(Certificate("spiffe://example.org/other"))), "all");
  EXPECT_EQ(NameOf(policy.Find(Certificate("spiffe://example.org/team/two"))), "team");
  EXPECT_EQ(NameOf(policy.Find(Certificate("spiffe://example.org/team/one"))), "one");
  EXPECT_THAT(policy.Find(Certificate("spiffe://example.organization/x")), IsNull());
}

TEST(PolicyTest, AllowsTheRpcsOfTheRuleOnly) {
  const Policy policy({RuleFor("billing", {"token:billing"})});
  EXPECT_THAT(policy.Admit(Token("billing"), kRpc, 0), IsOk());
  const absl::Status refused = policy.Admit(Token("billing"), "AddWolkvoxInteraction", 0).status();
  EXPECT_EQ(GetErrorDetails(refused).reason, Reason::kCallerNotAllowed);
  EXPECT_EQ(OutcomeOf(refused), Outcome::kNotApplied);
}

TEST(PolicyTest, AllowsTheServersOfTheRuleOnly) {
  Rule rule = RuleFor("billing", {"token:billing"});
  EXPECT_THAT(CheckServer(rule, Token("billing"), "0042"), IsOk()) << "a rule that lists none allows all";
  rule.servers = {"0042"};
  EXPECT_THAT(CheckServer(rule, Token("billing"), "0042"), IsOk());
  EXPECT_THAT(CheckServer(rule, Token("billing"), ""), IsOk()) << "an RPC without servers";
  EXPECT_EQ(GetErrorDetails(CheckServer(rule, Token("billing"), "0043")).reason, Reason::kCallerNotAllowed);
}

TEST(PolicyTest, LimitsTheRateAndSaysHowLongToWait) {
  Rule rule = RuleFor("billing", {"token:a", "token:b"});
  rule.calls_per_second = 1;
  rule.burst = 1;
  const Policy policy({rule});
  EXPECT_THAT(policy.Admit(Token("a"), kRpc, 1'000'000'000), IsOk());
  const absl::Status refused = policy.Admit(Token("b"), kRpc, 1'250'000'000).status();
  EXPECT_EQ(GetErrorDetails(refused).reason, Reason::kCallerRateLimited);
  EXPECT_EQ(GetErrorDetails(refused).retry_after, absl::Milliseconds(750));
}

TEST(PolicyTest, GoesOnCountingAfterAReloadThatLeavesTheRate) {
  Rule rule = RuleFor("billing", {"token:a"});
  rule.calls_per_second = 1;
  const Policy before({rule});
  EXPECT_THAT(before.Admit(Token("a"), kRpc, 1'000'000'000), IsOk());
  const Policy after({rule}, &before);
  EXPECT_FALSE(after.Admit(Token("a"), kRpc, 1'000'000'000).ok());
  rule.calls_per_second = 2;
  const Policy faster({rule}, &after);
  EXPECT_THAT(faster.Admit(Token("a"), kRpc, 1'000'000'000), IsOk());
}

}  // namespace
}  // namespace interaction::auth
