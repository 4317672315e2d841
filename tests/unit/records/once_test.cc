#include "server/records/once.h"

#include <deque>
#include <string>
#include <utility>

#include "server/base/secret.h"
#include "server/records/memory_record_store.h"
#include "tests/unit/call/call_test_fixture.h"

namespace interaction::records {
namespace {

using ::interaction::testing::HasOutcome;
using ::interaction::testing::HasReason;
using ::interaction::testing::Opened;

constexpr char kId[] = "6925ebd4-125d-4338-a736-99f4b5bcb3d7";

// With and without a key for fingerprints.
class IdentifyTest : public testing::CallTest, public ::testing::WithParamInterface<bool> {
 protected:
  RecordId Identify(const std::string& text = "asks", const std::string& request_id = kId,
                    const auth::Caller& caller = {}) {
    const std::shared_ptr<call::Call> call = MakeCall(text, request_id);
    call->caller = caller;
    return once_.Identify(*call);
  }

  const KeyedDigest digest_{Secret(std::string(32, 'k'))};
  const Once once_{{}, GetParam() ? &digest_ : nullptr, nullptr, nullptr};
};

INSTANTIATE_TEST_SUITE_P(All, IdentifyTest, ::testing::Bool(),
                         [](const auto& keyed) { return keyed.param ? "Keyed" : "Local"; });

TEST_P(IdentifyTest, TheSameCallHasTheSameRecord) {
  EXPECT_EQ(Identify().key, Identify().key);
  EXPECT_EQ(Identify().fingerprint, Identify().fingerprint);
}

TEST_P(IdentifyTest, MethodRequestIdAndCallerMakeTheKey) {
  const Digest key = Identify().key;
  EXPECT_NE(Identify("asks", "another").key, key);
  EXPECT_NE(Identify("asks", kId, {auth::Proof::kCertificate, "billing"}).key, key);
  EXPECT_NE(Identify("asks", kId, {auth::Proof::kCertificate, "billing"}).key,
            Identify("asks", kId, {auth::Proof::kCertificate, "sales"}).key);
  upstream_->rpc = "OpenAnother";
  EXPECT_NE(Identify().key, key);
}

TEST_P(IdentifyTest, WhatItAsksForMakesTheFingerprintAndNotTheKey) {
  EXPECT_EQ(Identify("asks for more").key, Identify("asks").key);
  EXPECT_NE(Identify("asks for more").fingerprint, Identify("asks").fingerprint);
}

class OnceTest : public testing::CallTest {
 protected:
  // A call with a request_id, begun; `result` is there once it is answered.
  struct Running {
    std::shared_ptr<call::Call> call;
    std::optional<call::WorkResult> result;
  };

  Running* Begin(const std::string& text = "text", const std::string& request_id = kId) {
    Running* const running = &running_.emplace_back();
    running->call = MakeCall(text, request_id);
    lane_.Run([&] { lane::Spawn(Run(running)); });
    return running;
  }

  lane::Task<void> Run(Running* running) {
    auto once = once_.Run(running->call, &shutdown_);
    running->result = co_await once;
  }

  std::deque<Running> running_;  // stay where they are when there are more
  MemoryRecordStore store_{{}, &clock_};
  Once once_{{.replica = 1}, nullptr, &store_, nullptr};
};

TEST_F(OnceTest, ACallIsSentAndAnsweredAndARepeatedOneGetsItsAnswer) {
  Running* const first = Begin();
  End(0, Opened("7"));
  ASSERT_TRUE(first->result.has_value());
  EXPECT_FALSE(first->result->replayed);
  Running* const again = Begin();
  ASSERT_TRUE(again->result.has_value());
  EXPECT_EQ(again->result->reply->message, "opened 7");
  EXPECT_TRUE(again->result->replayed);
  EXPECT_EQ(requests(), 1u);
}

TEST_F(OnceTest, ACallThatComesWhileTheFirstIsUnderWayWaitsForItsAnswer) {
  Running* const first = Begin();
  Running* const second = Begin();
  EXPECT_EQ(requests(), 1u);
  End(0, Opened("7"));
  EXPECT_FALSE(first->result->replayed);
  EXPECT_EQ(second->result->reply->message, "opened 7");
  EXPECT_TRUE(second->result->replayed);
}

TEST_F(OnceTest, TheSameIdForAnotherRequestIsRefusedUnderWayAndAfterwards) {
  Begin("one");
  EXPECT_THAT(Begin("other")->result->reply, HasReason(Reason::kRequestIdReused));
  End(0, Opened("7"));
  EXPECT_THAT(Begin("other")->result->reply, HasReason(Reason::kRequestIdReused));
  EXPECT_EQ(requests(), 1u);
}

TEST_F(OnceTest, ACallThatSurelyOpenedNothingIsSentAgainWhenItIsRepeated) {
  limits_.retry_policy = limits::RetryPolicy({.connect_retries = 0});
  Running* const first = Begin();
  End(0, Error(Reason::kUpstreamConnectFailed).ToStatus());
  EXPECT_THAT(first->result->reply, HasReason(Reason::kUpstreamConnectFailed));
  Running* const again = Begin();
  EXPECT_EQ(requests(), 2u);
  End(1, Opened("7"));
  EXPECT_TRUE(again->result->reply.ok());
}

TEST_F(OnceTest, ACallWhoseOutcomeIsUnknownIsNeverSentAgain) {
  Running* const first = Begin();
  End(0, Error(Reason::kUpstreamConnectionLost).ToStatus());
  EXPECT_THAT(first->result->reply, HasOutcome(Outcome::kUnknown));
  EXPECT_THAT(Begin()->result->reply, HasReason(Reason::kOutcomeUnknown));
  EXPECT_EQ(requests(), 1u);
}

TEST_F(OnceTest, AnAnswerThatComesAfterItsCallerHasLeftIsThatOfTheNextCall) {
  Running* const first = Begin();
  MarkSent(0);
  Advance(absl::Seconds(11));
  EXPECT_THAT(first->result->reply, HasReason(Reason::kUpstreamTimeout));
  End(0, Opened("7"));
  Running* const again = Begin();
  EXPECT_EQ(again->result->reply->message, "opened 7");
  EXPECT_TRUE(again->result->replayed);
  EXPECT_EQ(requests(), 1u);
}

TEST_F(OnceTest, ACallThatFindsWorkGivenUpBeforeItWasSentStartsItsOwn) {
  Running* const first = Begin();
  lane_.Run([&] { first->call->cancellation.Cancel(lane::CancelCause::kCaller); });
  EXPECT_THAT(first->result->reply, HasReason(Reason::kCancelledBeforeSend));
  Running* const second = Begin();
  ASSERT_EQ(requests(), 2u);
  End(1, Opened("7"));
  EXPECT_TRUE(second->result->reply.ok());
}

// Fails to claim.
class FailingStore final : public RecordStore {
 public:
  void MakeClaim(const ClaimRequest&, absl::AnyInvocable<void(absl::StatusOr<Claim>) &&> done) override {
    std::move(done)(Error(Reason::kIdempotencyStoreUnavailable).ToStatus());
  }
  void Finish(const Digest&, Owner, Settlement, std::string, absl::AnyInvocable<void(absl::Status) &&> done) override {
    std::move(done)(absl::OkStatus());
  }
  void Release(const Digest&, Owner, absl::AnyInvocable<void(absl::Status) &&> done) override {
    std::move(done)(absl::OkStatus());
  }
};

class StoreFailureTest : public testing::CallTest, public ::testing::WithParamInterface<bool> {
 protected:
  lane::Task<void> Run(std::shared_ptr<call::Call> call) {
    auto run = once_.Run(std::move(call), &shutdown_);
    result_ = co_await run;
  }

  FailingStore store_;
  Once once_{{.serve_on_store_failure = GetParam()}, nullptr, &store_, nullptr};
  std::optional<call::WorkResult> result_;
};

TEST_P(StoreFailureTest, IsAnErrorOfACallThatWasNotSentUnlessCallsAreToBeServedUnprotected) {
  const bool open = GetParam();
  lane_.Run([this] { lane::Spawn(Run(MakeCall("text", kId))); });
  ASSERT_EQ(requests(), open ? 1u : 0u);
  if (open) {
    End(0, Opened("7"));
    EXPECT_EQ(result_->reply->message, "opened 7");
  } else {
    EXPECT_THAT(result_->reply, HasReason(Reason::kIdempotencyStoreUnavailable));
  }
  EXPECT_EQ(result_->bypassed, open);
}

INSTANTIATE_TEST_SUITE_P(Modes, StoreFailureTest, ::testing::Bool(),
                         [](const auto& open) { return open.param ? "Open" : "Closed"; });

}  // namespace
}  // namespace interaction::records
