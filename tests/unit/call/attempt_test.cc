#include "server/call/attempt.h"

#include "tests/unit/call/call_test_fixture.h"

namespace interaction::call {
namespace {

using ::interaction::testing::HasOutcome;
using ::interaction::testing::HasReason;
using ::interaction::testing::Opened;

class AttemptTest : public testing::CallTest {
 protected:
  // Begins to send a call's request, with somebody who waits for it.
  void Begin(std::shared_ptr<Call> call) {
    call_ = std::move(call);
    lane_.Run([&] {
      work_ = std::make_shared<Work>(call_, &shutdown_);
      lane::Spawn(Wait());
    });
  }

  lane::Task<void> Wait() {
    StartUnrecorded(work_);
    WaitForWork wait(call_.get(), work_);
    result_ = co_await wait;
  }

  std::shared_ptr<Call> call_;
  std::shared_ptr<Work> work_;
  std::optional<WorkResult> result_;
};

TEST_F(AttemptTest, SendsTheRequestAndYieldsTheReply) {
  Begin(MakeCall("hello"));
  ASSERT_EQ(requests(), 1u);
  EXPECT_EQ(lane_.http().sent()[0].request.body, "hello");
  EXPECT_EQ(lane_.http().sent()[0].limits.timeout, absl::Seconds(10));
  EXPECT_EQ(lane_.http().sent()[0].limits.extra_for_answer, absl::Seconds(10));
  End(0, Opened("7"));
  ASSERT_TRUE(result_.has_value());
  EXPECT_EQ(result_->reply->message, "opened 7");
  EXPECT_EQ(result_->reply->interaction_id, "7");
}

TEST_F(AttemptTest, SendsTheTraceContextAndNothingElseOfTheCall) {
  std::shared_ptr<Call> call = MakeCall();
  call->trace.trace_id = std::string(32, 'a');
  call->trace.span_id = std::string(16, 'b');
  Begin(std::move(call));
  ASSERT_EQ(lane_.http().sent()[0].request.headers.size(), 1u);
  EXPECT_EQ(lane_.http().sent()[0].request.headers[0].name, "traceparent");
}

TEST_F(AttemptTest, SendsAgainWhenSurelyNothingWasOpened) {
  Begin(MakeCall());
  End(0, Error(Reason::kUpstreamConnectFailed).ToStatus());
  EXPECT_EQ(requests(), 1u) << "it waits first";
  Advance(absl::Seconds(1));
  ASSERT_EQ(requests(), 2u);
  End(1, Opened("7"));
  EXPECT_TRUE(result_->reply.ok());
  EXPECT_EQ(call_->result.attempts, 2);
}

TEST_F(AttemptTest, TellsHowOftenItTried) {
  Begin(MakeCall());
  for (size_t i = 0; i < 3; ++i) {
    End(i, Error(Reason::kUpstreamConnectFailed).ToStatus());
    Advance(absl::Seconds(1));
  }
  EXPECT_EQ(requests(), 3u);
  ASSERT_THAT(result_->reply, HasReason(Reason::kUpstreamConnectFailed));
  EXPECT_EQ(GetErrorDetails(result_->reply.status()).metadata.at("attempts"), "3");
}

TEST_F(AttemptTest, NeverSendsAgainWhenTheOutcomeIsUnknown) {
  Begin(MakeCall());
  End(0, Error(Reason::kUpstreamConnectionLost).ToStatus());
  Advance(absl::Seconds(5));
  EXPECT_EQ(requests(), 1u);
  EXPECT_THAT(result_->reply, HasOutcome(Outcome::kUnknown));
}

TEST_F(AttemptTest, DoesNotSendAgainForACallerThatHasLeft) {
  Begin(MakeCall());
  lane_.Run([&] { lane_.http().sent()[0].may_have_been_sent = true; });
  lane_.Run([&] { call_->cancellation.Cancel(lane::CancelCause::kCaller); });
  EXPECT_THAT(result_->reply, HasReason(Reason::kCancelledAfterSend));
  End(0, http::Response{.status = 503});
  Advance(absl::Seconds(1));
  EXPECT_EQ(requests(), 1u);
}

TEST_F(AttemptTest, IsRefusedByAnOpenBreakerWithoutARequest) {
  limits::Breakers breakers(
      limits::BreakerOptions{.transport_failures = 1}, [] { return 0.5; }, nullptr, nullptr);
  limits_.breakers = &breakers;
  limits_.retry_policy = limits::RetryPolicy({.connect_retries = 0});
  Begin(MakeCall());
  End(0, Error(Reason::kUpstreamConnectFailed).ToStatus());
  Begin(MakeCall());
  EXPECT_EQ(requests(), 1u);
  EXPECT_THAT(result_->reply, HasReason(Reason::kUpstreamCircuitOpen));
}

TEST_F(AttemptTest, ReportsEachAttemptToTheObserver) {
  Begin(MakeCall());
  End(0, http::Response{.status = 503});
  Advance(absl::Seconds(1));
  End(1, Opened("7"));
  ASSERT_EQ(observer_.attempts.size(), 2u);
  EXPECT_EQ(observer_.attempts[0].number, 1);
  EXPECT_EQ(observer_.attempts[0].http_status, 503);
  EXPECT_THAT(observer_.attempts[0].status, HasReason(Reason::kUpstreamUnavailable));
  EXPECT_EQ(observer_.attempts[1].number, 2);
  EXPECT_EQ(observer_.attempts[1].interaction_id, "7");
  EXPECT_FALSE(observer_.attempts[1].is_late);
}

TEST_F(AttemptTest, ReportsAnAnswerThatNobodyWaitsForAsLate) {
  Begin(MakeCall());
  MarkSent(0);
  Advance(absl::Seconds(11));
  EXPECT_THAT(result_->reply, HasReason(Reason::kUpstreamTimeout));
  End(0, Opened("7"));
  ASSERT_EQ(observer_.attempts.size(), 1u);
  EXPECT_TRUE(observer_.attempts[0].is_late);
  EXPECT_EQ(observer_.attempts[0].interaction_id, "7");
}

TEST_F(AttemptTest, OfACallThatLeavesBeforeAnythingWasSentEndsTheRequest) {
  Begin(MakeCall());
  lane_.Run([&] { call_->cancellation.Cancel(lane::CancelCause::kCaller); });
  EXPECT_TRUE(lane_.http().sent()[0].cancelled);
  EXPECT_THAT(result_->reply, HasReason(Reason::kCancelledBeforeSend));
}

TEST_F(AttemptTest, IsGivenUpWhenTheServerEnds) {
  Begin(MakeCall());
  MarkSent(0);
  lane_.Run([&] { shutdown_.Cancel(lane::CancelCause::kShutdown); });
  EXPECT_TRUE(lane_.http().sent()[0].cancelled);
  EXPECT_THAT(result_->reply, HasReason(Reason::kCancelledAfterSend));
  EXPECT_THAT(result_->reply, HasOutcome(Outcome::kUnknown));
}

}  // namespace
}  // namespace interaction::call
