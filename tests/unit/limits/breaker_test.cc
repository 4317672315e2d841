#include "server/limits/breaker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/base/errors.h"
#include "tests/support/fake_clock.h"
#include "tests/support/matchers.h"

namespace interaction::limits {
namespace {

using ::interaction::testing::FakeClock;
using ::interaction::testing::HasOutcome;
using ::interaction::testing::HasReason;
using ::interaction::testing::IsOk;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Optional;
using State = Breaker::State;

// What is not listed here is a success: the upstream answered.
const std::vector<std::pair<Verdict, std::vector<Reason>>> kVerdicts = {
    {Verdict::kIgnored, {Reason::kUnknownMethod,          Reason::kMalformedRequest,
                         Reason::kInvalidRequest,         Reason::kCallerCredentialsForbidden,
                         Reason::kCallerUnauthenticated,  Reason::kCallerKeysUnavailable,
                         Reason::kCallerNotAllowed,       Reason::kCallerRateLimited,
                         Reason::kUnsupportedEncoding,    Reason::kMessageTooLarge,
                         Reason::kMetadataTooLarge,       Reason::kRequestIdUnsupported,
                         Reason::kRequestIdReused,        Reason::kRequestInProgress,
                         Reason::kOutcomeUnknown,         Reason::kOverloaded,
                         Reason::kServerDraining,         Reason::kDeadlineBeforeSend,
                         Reason::kCancelledBeforeSend,    Reason::kCancelledAfterSend,
                         Reason::kLocalResource,          Reason::kIdempotencyStoreUnavailable,
                         Reason::kIdempotencyStoreFull,   Reason::kIdempotencyLeaseExpired,
                         Reason::kUpstreamCircuitOpen,    Reason::kInternalError,
                         Reason::kEgressAddressForbidden, Reason::kEgressTlsConfig,
                         Reason::kEgressProxyAuth}},
    {Verdict::kTransportFailure,
     {Reason::kUpstreamDnsFailure, Reason::kUpstreamDnsTimeout, Reason::kUpstreamConnectFailed,
      Reason::kUpstreamConnectTimeout, Reason::kUpstreamTlsVerifyFailed, Reason::kUpstreamTlsFailed,
      Reason::kEgressProxyFailed}},
    {Verdict::kFailure,
     {Reason::kUpstreamConnectionLost, Reason::kUpstreamTimeout, Reason::kUpstreamTruncated,
      Reason::kUpstreamProtocolError, Reason::kUpstreamResponseTooLarge, Reason::kUpstreamMalformedResponse,
      Reason::kUpstreamRequestTimeout, Reason::kUpstreamInternalError, Reason::kUpstreamUnimplemented,
      Reason::kUpstreamBadGateway, Reason::kUpstreamGatewayTimeout, Reason::kUpstreamUnavailable,
      Reason::kUpstreamContradictory}},
};

Verdict Expected(Reason reason) {
  for (const auto& [verdict, reasons] : kVerdicts) {
    if (std::find(reasons.begin(), reasons.end(), reason) != reasons.end()) return verdict;
  }
  return Verdict::kSuccess;
}

class JudgeTest : public ::testing::TestWithParam<ReasonEntry> {};

TEST_P(JudgeTest, KnowsWhatEachReasonSaysAboutTheUpstream) {
  EXPECT_EQ(Judge(Error(GetParam().reason).ToStatus()), Expected(GetParam().reason));
}

INSTANTIATE_TEST_SUITE_P(Catalogue, JudgeTest, ::testing::ValuesIn(ReasonCatalogue()),
                         [](const auto& row) { return std::string(row.param.name); });

TEST(VerdictTest, TakesAReplyForASuccess) { EXPECT_EQ(Judge(absl::OkStatus()), Verdict::kSuccess); }

TEST(VerdictTest, IgnoresAConnectionForWhichTheCallLeftNoTime) {
  for (const Reason reason : {Reason::kUpstreamDnsTimeout, Reason::kUpstreamConnectTimeout}) {
    EXPECT_EQ(Judge(Error(reason).WithCode(absl::StatusCode::kDeadlineExceeded)), Verdict::kIgnored);
  }
}

TEST(VerdictTest, GoesByTheOutcomeOfTheErrorItself) {
  const Error see_other =
      Error(Reason::kUpstreamRedirect).WithCode(absl::StatusCode::kUnknown).WithOutcome(Outcome::kUnknown);
  EXPECT_EQ(Judge(see_other), Verdict::kFailure);
  EXPECT_EQ(Judge(Error(Reason::kUpstreamRedirect)), Verdict::kSuccess);
}

TEST(VerdictTest, IgnoresAStatusFromElsewhere) { EXPECT_EQ(Judge(absl::UnavailableError("?")), Verdict::kIgnored); }

class BreakerTest : public ::testing::Test {
 protected:
  BreakerTest()
      : breaker_(
            BreakerOptions(), [this] { return random_; }, [this](State state) { changes_.push_back(state); },
            &counters_) {}

  absl::StatusOr<Breaker::Pass> Admit() { return breaker_.Admit(clock_.SteadyNow()); }

  // A call that passes and ends like this, `times` one after the other.
  void Call(const absl::Status& result, int times = 1) {
    for (int i = 0; i < times; ++i) {
      auto pass = Admit();
      ASSERT_THAT(pass, IsOk());
      pass->Record(result, clock_.SteadyNow());
    }
  }

  void CallsFail(int times) { Call(Error(Reason::kUpstreamInternalError), times); }
  void ConnectionsFail(int times) { Call(Error(Reason::kUpstreamConnectFailed), times); }
  void CallsSucceed(int times) { Call(absl::OkStatus(), times); }

  FakeClock clock_;
  double random_ = 0.5;  // no jitter
  std::vector<State> changes_;
  telemetry::Counters counters_;
  Breaker breaker_;
};

TEST_F(BreakerTest, OpensOnFiveTransportFailuresInARow) {
  ConnectionsFail(4);
  EXPECT_EQ(breaker_.state(), State::kClosed);
  ConnectionsFail(1);
  EXPECT_EQ(breaker_.state(), State::kOpen);
  EXPECT_EQ(counters_.Value(telemetry::Counter::kBreakerOpened), 1);
}

TEST_F(BreakerTest, CountsTransportFailuresAnewAfterAnythingThatWasSent) {
  ConnectionsFail(4);
  CallsFail(1);
  ConnectionsFail(4);
  CallsSucceed(1);
  ConnectionsFail(4);
  EXPECT_EQ(breaker_.state(), State::kClosed);
}

TEST_F(BreakerTest, IsNotDistractedByWhatItIgnores) {
  ConnectionsFail(4);
  Call(Error(Reason::kCancelledBeforeSend));
  Call(Error(Reason::kLocalResource));
  { const auto abandoned = Admit(); }
  ConnectionsFail(1);
  EXPECT_EQ(breaker_.state(), State::kOpen);
}

TEST_F(BreakerTest, OpensWhenHalfOfTwentyOutcomesAreFailures) {
  CallsSucceed(10);
  CallsFail(9);
  EXPECT_EQ(breaker_.state(), State::kClosed);
  CallsFail(1);
  EXPECT_EQ(breaker_.state(), State::kOpen);
}

TEST_F(BreakerTest, StaysClosedWhenLessThanHalfAreFailures) {
  CallsSucceed(100);
  CallsFail(99);
  EXPECT_EQ(breaker_.state(), State::kClosed);
}

TEST_F(BreakerTest, StaysClosedOnFewerThanTwentyOutcomes) {
  CallsFail(19);
  EXPECT_EQ(breaker_.state(), State::kClosed);
}

TEST_F(BreakerTest, ForgetsWhatIsOlderThanTenSeconds) {
  CallsFail(19);
  clock_.Advance(absl::Seconds(10));
  CallsFail(1);
  EXPECT_EQ(breaker_.state(), State::kClosed);
  clock_.Advance(absl::Seconds(9));
  CallsFail(18);
  EXPECT_EQ(breaker_.state(), State::kClosed);
  CallsFail(1);
  EXPECT_EQ(breaker_.state(), State::kOpen);
}

TEST_F(BreakerTest, RefusesWhileOpenAndSaysUntilWhen) {
  ConnectionsFail(5);
  clock_.Advance(absl::Seconds(2));
  const auto refused = Admit();
  EXPECT_THAT(refused, AllOf(HasReason(Reason::kUpstreamCircuitOpen), HasOutcome(Outcome::kNotApplied)));
  const ErrorDetails details = GetErrorDetails(refused.status());
  EXPECT_THAT(details.retry_after, Optional(absl::Seconds(3)));
  EXPECT_THAT(details.phase, Optional(Phase::kQueue));
  EXPECT_EQ(counters_.Value(telemetry::Counter::kBreakerRefused), 1);
}

TEST_F(BreakerTest, LetsOneProbePassThenThreeAndCloses) {
  ConnectionsFail(5);
  clock_.Advance(absl::Seconds(5));
  auto probe = Admit();
  ASSERT_THAT(probe, IsOk());
  EXPECT_THAT(Admit(), HasReason(Reason::kUpstreamCircuitOpen));
  probe->Record(absl::OkStatus(), clock_.SteadyNow());

  auto first = Admit();
  auto second = Admit();
  auto third = Admit();
  ASSERT_THAT(third, IsOk());
  EXPECT_THAT(Admit(), HasReason(Reason::kUpstreamCircuitOpen));
  first->Record(absl::OkStatus(), clock_.SteadyNow());
  EXPECT_THAT(Admit(), HasReason(Reason::kUpstreamCircuitOpen));
  second->Record(absl::OkStatus(), clock_.SteadyNow());
  EXPECT_EQ(breaker_.state(), State::kHalfOpen);
  third->Record(absl::OkStatus(), clock_.SteadyNow());
  EXPECT_EQ(breaker_.state(), State::kClosed);
  EXPECT_THAT(changes_, ElementsAre(State::kOpen, State::kHalfOpen, State::kClosed));
}

TEST_F(BreakerTest, GivesTheTurnOfAProbeWithoutVerdictToTheNextCall) {
  ConnectionsFail(5);
  clock_.Advance(absl::Seconds(5));
  { const auto abandoned = Admit(); }
  Call(Error(Reason::kCancelledAfterSend));
  EXPECT_THAT(Admit(), IsOk());
  EXPECT_EQ(breaker_.state(), State::kHalfOpen);
}

TEST_F(BreakerTest, OpensForTwiceAsLongWithEachProbeThatFailsUpToAMinute) {
  ConnectionsFail(5);
  for (const int seconds : {5, 10, 20, 40, 60, 60}) {
    clock_.Advance(absl::Seconds(seconds) - absl::Milliseconds(1));
    EXPECT_THAT(Admit(), HasReason(Reason::kUpstreamCircuitOpen)) << seconds;
    clock_.Advance(absl::Milliseconds(1));
    CallsFail(1);
    EXPECT_EQ(breaker_.state(), State::kOpen);
  }
}

TEST_F(BreakerTest, OpensAgainWhenOneOfTheLaterProbesFails) {
  ConnectionsFail(5);
  clock_.Advance(absl::Seconds(5));
  CallsSucceed(3);
  CallsFail(1);
  EXPECT_EQ(breaker_.state(), State::kOpen);
}

TEST_F(BreakerTest, StartsAtFiveSecondsAgainAfterItHasClosed) {
  ConnectionsFail(5);
  clock_.Advance(absl::Seconds(5));
  ConnectionsFail(1);
  clock_.Advance(absl::Seconds(10));
  CallsSucceed(4);
  ConnectionsFail(5);
  EXPECT_THAT(GetErrorDetails(Admit().status()).retry_after, Optional(absl::Seconds(5)));
}

TEST_F(BreakerTest, StaysOpenForUpToAFifthMoreOrLess) {
  random_ = 0;
  ConnectionsFail(5);
  EXPECT_THAT(GetErrorDetails(Admit().status()).retry_after, Optional(absl::Seconds(4)));
  random_ = 1;
  clock_.Advance(absl::Seconds(4));
  ConnectionsFail(1);
  EXPECT_THAT(GetErrorDetails(Admit().status()).retry_after, Optional(absl::Seconds(12)));
}

TEST_F(BreakerTest, DoesNotCountCallsThatPassedBeforeItChanged) {
  auto early = Admit();
  auto other = Admit();
  ConnectionsFail(5);
  clock_.Advance(absl::Seconds(5));
  auto probe = Admit();
  early->Record(absl::OkStatus(), clock_.SteadyNow());
  other->Record(Error(Reason::kUpstreamTimeout), clock_.SteadyNow());
  EXPECT_EQ(breaker_.state(), State::kHalfOpen);
  EXPECT_THAT(Admit(), HasReason(Reason::kUpstreamCircuitOpen));
}

class BreakersTest : public ::testing::Test {
 protected:
  BreakersTest()
      : breakers_(
            {.max_authorities = 2}, [] { return 0.5; },
            [this](absl::string_view upstream, absl::string_view authority, State state) {
              changes_.push_back(absl::StrCat(upstream, " ", authority, " ", static_cast<int>(state)));
            },
            nullptr) {}

  std::shared_ptr<Breaker> Find(absl::string_view authority) {
    return breakers_.Find("acme", authority, clock_.SteadyNow());
  }

  void Break(absl::string_view authority) {
    for (int i = 0; i < 5; ++i) {
      Find(authority)->Admit(clock_.SteadyNow())->Record(Error(Reason::kUpstreamConnectFailed), clock_.SteadyNow());
    }
  }

  FakeClock clock_;
  std::vector<std::string> changes_;
  Breakers breakers_;
};

TEST_F(BreakersTest, KeepsOneBreakerForEachAuthorityOfEachUpstream) {
  EXPECT_EQ(Find("a:443"), Find("a:443"));
  EXPECT_NE(Find("a:443"), Find("b:443"));
  EXPECT_NE(Find("a:443"), breakers_.Find("other", "a:443", clock_.SteadyNow()));
}

TEST_F(BreakersTest, TellsWhichBreakerChanged) {
  Break("a:443");
  EXPECT_THAT(changes_, ElementsAre("acme a:443 1"));
}

TEST_F(BreakersTest, ForgetsOnlyBreakersThatNobodyUsesAndThatSawNothingOfLate) {
  Break("open");
  const auto used = Find("used");
  const auto extra = Find("extra");
  EXPECT_NE(Find("extra"), extra) << "there was no room to remember it";
  EXPECT_EQ(Find("used"), used);
  EXPECT_EQ(Find("open")->state(), State::kOpen);
}

TEST_F(BreakersTest, MakesRoomWhenTheOldHaveSeenNothingForAWhile) {
  Find("a")->Admit(clock_.SteadyNow())->Record(absl::OkStatus(), clock_.SteadyNow());
  Break("b");
  clock_.Advance(absl::Seconds(10));
  const auto third = Find("c");
  EXPECT_EQ(Find("c"), third);
  EXPECT_EQ(Find("b")->state(), State::kOpen);
}

TEST_F(BreakersTest, TellsThatAForgottenBreakerIsClosed) {
  Break("a");
  Break("b");
  clock_.Advance(absl::Seconds(70));
  Find("c");
  EXPECT_THAT(changes_, ElementsAre("acme a 1", "acme b 1", ::testing::AnyOf("acme a 0", "acme b 0"),
                                    ::testing::AnyOf("acme a 0", "acme b 0")));
}

}  // namespace
}  // namespace interaction::limits
