#include "server/call/recent_calls.h"

#include <atomic>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "tests/unit/call/call_test_fixture.h"

namespace interaction::call {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::Le;
using ::testing::SizeIs;

class RecentCallsTest : public testing::CallTest {
 protected:
  void End(Call& call, CallResult result = {}) {
    call.result = std::move(result);
    recent_.OnEnd(call);
  }
  void EndNumbered(int number) {
    auto call = MakeCall("text", absl::StrCat(number));
    clock_.Advance(absl::Milliseconds(1));
    End(*call);
  }
  std::vector<RecentCall> Read() const { return recent_.Read(clock_); }

  RecentCalls recent_{/*lanes=*/1, /*kept=*/3, {{"fake", "OpenFake"}}};
};

TEST_F(RecentCallsTest, TellsWhatBecameOfACall) {
  const auto call = MakeServedCall();
  End(*call, {.attempts = 1, .http_status = 200, .interaction_id = "4711", .reply_bytes = 40});
  const absl::Time ended = clock_.WallNow();
  clock_.Advance(absl::Seconds(5));

  const std::vector<RecentCall> calls = Read();
  ASSERT_THAT(calls, SizeIs(1));
  const RecentCall& seen = calls[0];
  EXPECT_EQ(seen.ended, ended);
  EXPECT_EQ(seen.duration, absl::Microseconds(3500));
  EXPECT_EQ(seen.upstream, "fake");
  EXPECT_EQ(seen.method, "OpenFake");
  EXPECT_EQ(seen.code, absl::StatusCode::kOk);
  EXPECT_EQ(seen.reason, std::nullopt);
  EXPECT_EQ(seen.outcome, Outcome::kApplied);
  EXPECT_EQ(seen.in_phases[static_cast<size_t>(Phase::kQueue)], absl::Milliseconds(2));
  EXPECT_EQ(seen.in_phases[static_cast<size_t>(Phase::kWait)], absl::Microseconds(1500));
  EXPECT_EQ(seen.caller, "token:billing");
  EXPECT_EQ(seen.host, "upstream.test");
  EXPECT_EQ(seen.request_id, "0f1a8a7e-3a0b-4f5e-9c58-6f1c2b7d9e10");
  EXPECT_EQ(seen.interaction_id, "4711");
  EXPECT_EQ(seen.trace_id, "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(seen.http_status, 200);
  EXPECT_EQ(seen.attempts, 1);
  EXPECT_EQ(seen.request_bytes, 120u);
  EXPECT_EQ(seen.reply_bytes, 40u);
}

TEST_F(RecentCallsTest, TellsWhyACallFailedAndWhere) {
  auto call = MakeCall();
  End(*call, {.status = Error(Reason::kUpstreamTimeout).In(Phase::kWait)});
  const RecentCall seen = Read().at(0);
  EXPECT_EQ(seen.code, absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(seen.reason, Reason::kUpstreamTimeout);
  EXPECT_EQ(seen.outcome, Outcome::kUnknown);
  EXPECT_EQ(seen.phase, Phase::kWait);
}

TEST_F(RecentCallsTest, NamesFieldsThatBreakTheirRulesAndCallersThatAreRefused) {
  auto call = MakeCall();
  End(*call, {.status = Error(Reason::kInvalidRequest)
                            .WithFieldViolation("sender", "must not be blank")
                            .WithFieldViolation("body", "is too long")});
  EXPECT_EQ(Read().at(0).detail, "sender, body");
  clock_.Advance(absl::Milliseconds(1));
  End(*call,
      {.status = Error(Reason::kCallerNotAllowed).With("caller", "token:mallory").With("detail", "no rule names it")});
  EXPECT_EQ(Read().at(0).caller, "token:mallory");
  EXPECT_EQ(Read().at(0).detail, "no rule names it");
}

TEST_F(RecentCallsTest, KeepsTheLastOnesTheLatestFirst) {
  EXPECT_THAT(Read(), IsEmpty());
  for (int i = 0; i < 5; ++i) EndNumbered(i);
  EXPECT_THAT(Read(), ElementsAre(Field(&RecentCall::request_id, "4"), Field(&RecentCall::request_id, "3"),
                                  Field(&RecentCall::request_id, "2")));
}

TEST_F(RecentCallsTest, CutsTextsThatAreTooLongBetweenCharacters) {
  auto call = MakeCall();
  call->caller = {.proof = auth::Proof::kToken, .identity = std::string(500, 'x')};
  std::string host;
  for (int i = 0; i < 100; ++i) host += "é";
  call->authority = host;
  End(*call);
  const RecentCall seen = Read().at(0);
  EXPECT_THAT(seen.caller, AllOf(SizeIs(Le(128u)), EndsWith("xxx...")));
  EXPECT_THAT(seen.host, AllOf(SizeIs(Le(96u)), EndsWith("éé...")));
}

TEST_F(RecentCallsTest, AnAnswerThatCameTooLateIsListedByItself) {
  auto call = MakeCall("text", "0f1a8a7e-3a0b-4f5e-9c58-6f1c2b7d9e10");
  recent_.OnAttemptEnd(*call, {.http_status = 200, .interaction_id = "1"});
  EXPECT_THAT(Read(), IsEmpty()) << "it belongs to a call that goes on";
  recent_.OnAttemptEnd(*call, {.http_status = 200, .interaction_id = "4711", .is_late = true});
  const RecentCall seen = Read().at(0);
  EXPECT_TRUE(seen.is_late_answer);
  EXPECT_EQ(seen.outcome, Outcome::kApplied);
  EXPECT_EQ(seen.interaction_id, "4711");
  EXPECT_EQ(seen.request_id, "0f1a8a7e-3a0b-4f5e-9c58-6f1c2b7d9e10");
}

TEST_F(RecentCallsTest, WhoReadsWhileCallsEndSeesWholeCallsOnly) {
  std::atomic<bool> done{false};
  std::atomic<size_t> seen{0};
  std::thread reader([&] {
    while (!done) {
      for (const RecentCall& call : Read()) {
        ++seen;
        EXPECT_EQ(call.host, call.interaction_id);
        EXPECT_EQ(call.request_bytes, call.host.size());
      }
    }
  });
  auto call = MakeCall();
  for (int i = 0; i < 20'000 || (i < 2'000'000 && seen == 0); ++i) {
    call->authority = std::string(static_cast<size_t>(i % 60), static_cast<char>('a' + i % 26));
    call->request_bytes = call->authority.size();
    End(*call, {.interaction_id = call->authority});
  }
  done = true;
  reader.join();
  EXPECT_GT(seen, 0u);
}

}  // namespace
}  // namespace interaction::call
