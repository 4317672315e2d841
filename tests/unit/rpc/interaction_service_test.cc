#include "server/rpc/interaction_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "server/base/errors.h"
#include "server/base/secret.h"
#include "server/limits/admission.h"
#include "server/records/digest.h"
#include "server/telemetry/counters.h"
#include "tests/unit/rpc/service_test_fixture.h"

namespace interaction::rpc {
namespace {

using ::testing::ElementsAre;
using testing::FakeCaller;
using testing::FakeServerCall;
using ::testing::IsEmpty;
using testing::Opened;
using ::testing::Optional;

constexpr char kPath[] = "/interaction.v1.InteractionService/CreateVspInteraction";

class InteractionServiceTest : public testing::ServiceTest {
 protected:
  InteractionServiceTest() { service_.Register(&methods_); }

  static FakeCaller Sending(const std::string& message) {
    FakeCaller caller;
    caller.messages.push_back(message);
    return caller;
  }
  static int Code(absl::StatusCode code) { return static_cast<int>(code); }

  limits::Admission admission_{{.max_in_flight = 2, .max_metadata_bytes = 1000}};
  const records::KeyedDigest digest_{Secret(std::string(32, 'k'))};
  telemetry::Counters counters_;
  InteractionService service_{{.create_vsp = {upstream_, &limits_},
                               .add_wolkvox = {upstream_, &limits_},
                               .handling = {.admission = &admission_, .once = nullptr, .digest = &digest_},
                               .observer = &observer_,
                               .counters = &counters_}};
};

TEST_F(InteractionServiceTest, AnswersWithTheReply) {
  const FakeCaller& caller = Begin(kPath, Sending("|text"));
  End(0, Opened("7"));
  EXPECT_TRUE(caller.ending->status.ok());
  EXPECT_THAT(caller.ending->reply, Optional(std::string("opened 7")));
  EXPECT_THAT(caller.ending->trailers, IsEmpty());
  EXPECT_TRUE(caller.is_over);
  EXPECT_EQ(observer_.ended, 1);
  EXPECT_EQ(admission_.in_flight(), 0);
}

TEST_F(InteractionServiceTest, ForbidsToRetryWhatMayHaveBeenApplied) {
  const FakeCaller& caller = Begin(kPath, Sending("|text"));
  End(0, http::Response{.status = 500});
  EXPECT_FALSE(caller.ending->status.ok());
  EXPECT_FALSE(caller.ending->status.details.empty());
  EXPECT_FALSE(caller.ending->reply.has_value());
  EXPECT_THAT(caller.ending->trailers, ElementsAre(MetadataEntry{"grpc-retry-pushback-ms", "-1"}));
}

TEST_F(InteractionServiceTest, SendsNothingForACallWithoutAMessage) {
  const FakeCaller& caller = Begin(kPath, FakeCaller());
  EXPECT_EQ(caller.ending->status.code, Code(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(requests(), 0u);
  EXPECT_EQ(observer_.ended, 1);
}

TEST_F(InteractionServiceTest, AnswersWithTheReasonForWhichTheTransportDoesNotAcceptAMessage) {
  const FakeCaller& caller = Begin(kPath, {.refusal = Error(Reason::kMessageTooLarge).In(Phase::kParse)});
  EXPECT_EQ(caller.ending->status.code, Code(absl::StatusCode::kResourceExhausted));
  EXPECT_FALSE(caller.ending->status.details.empty());
  EXPECT_EQ(requests(), 0u);
  EXPECT_EQ(observer_.ended, 1);
}

TEST_F(InteractionServiceTest, SendsNothingForACallerWhoLeavesBeforeItsMessage) {
  const FakeCaller& caller = Begin(kPath, {.half_closed = false});
  lane_.Run([&] { caller.call->Leave(); });
  EXPECT_EQ(caller.ending->status.code, Code(absl::StatusCode::kCancelled));
  EXPECT_EQ(requests(), 0u);
}

TEST_F(InteractionServiceTest, GivesUpTheRequestOfACallerWhoLeaves) {
  const FakeCaller& caller = Begin(kPath, Sending("|text"));
  lane_.Run([&] { caller.call->Leave(); });
  EXPECT_TRUE(lane_.http().sent().at(0).cancelled);
  EXPECT_TRUE(caller.is_over);
}

TEST_F(InteractionServiceTest, CutsOffACallerWhoDoesNotReadItsAnswerForTenSeconds) {
  const FakeCaller& caller = Begin(kPath, {.messages = {"|text"}, .reads_answer = false});
  End(0, Opened("7"));
  Advance(absl::Seconds(9.9));
  EXPECT_FALSE(caller.was_cut_off);
  EXPECT_EQ(admission_.in_flight(), 1) << "it keeps its place";
  Advance(absl::Seconds(0.1));
  EXPECT_TRUE(caller.was_cut_off);
  EXPECT_TRUE(caller.is_over);
  EXPECT_EQ(counters_.Value(telemetry::Counter::kAnswersUnread), 1);
  EXPECT_EQ(admission_.in_flight(), 0);
}

TEST_F(InteractionServiceTest, GivesACallerItsTenSecondsAlsoInATurnInWhichTheProcessStoodStill) {
  FakeCaller caller{.refusal = Error(Reason::kMessageTooLarge).In(Phase::kParse), .reads_answer = false};
  lane_.Run([&] {
    clock_.Advance(absl::Seconds(11));
    lane::Spawn(methods_.Find(kPath).handler(std::make_unique<FakeServerCall>(lane_.get(), &caller), &calls_));
  });
  EXPECT_FALSE(caller.was_cut_off);
  Advance(absl::Seconds(10));
  EXPECT_TRUE(caller.was_cut_off);
}

TEST_F(InteractionServiceTest, AnswersWhatIsInFlightWhenTheServerEnds) {
  const FakeCaller& caller = Begin(kPath, Sending("|text"));
  ShutDown();
  EXPECT_EQ(caller.ending->status.code, Code(absl::StatusCode::kUnavailable));
  EXPECT_FALSE(caller.was_cut_off);
}

}  // namespace
}  // namespace interaction::rpc
