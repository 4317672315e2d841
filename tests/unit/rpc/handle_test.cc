#include "server/rpc/handle.h"

#include <deque>
#include <string>
#include <utility>

#include "server/base/secret.h"
#include "server/limits/admission.h"
#include "server/records/memory_record_store.h"
#include "server/records/once.h"
#include "tests/unit/call/call_test_fixture.h"

namespace interaction::rpc {
namespace {

using ::interaction::testing::HasReason;
using ::interaction::testing::IsOkAndHolds;
using ::interaction::testing::Opened;

constexpr char kId[] = "6925ebd4-125d-4338-a736-99f4b5bcb3d7";

class HandleTest : public testing::CallTest {
 protected:
  struct Running {
    std::shared_ptr<call::Call> call;
    std::string message;
    std::optional<absl::StatusOr<std::string>> reply;
  };

  // Handles a call with the message "REQUEST_ID|TEXT".
  Running* Begin(const std::string& message, Arrival arrival = {}) {
    Running* const running = &running_.emplace_back();
    running->call = std::make_shared<call::Call>(lane_.get(), upstream_);
    running->call->limits = &limits_;
    running->call->observer = &observer_;
    running->message = message;
    arrival.message = running->message;
    lane_.Run([&] { lane::Spawn(Run(running, arrival)); });
    return running;
  }

  lane::Task<void> Run(Running* running, Arrival arrival) {
    auto handle = Handle(running->call, &arrival, &handling_, &shutdown_);
    running->reply = co_await handle;
  }

  std::deque<Running> running_;  // stay where they are when there are more
  limits::Admission admission_{{.max_in_flight = 2, .max_metadata_bytes = 1000}};
  const records::KeyedDigest digest_{Secret(std::string(32, 'k'))};
  records::MemoryRecordStore store_{{}, &clock_};
  records::Once once_{{.replica = 1}, nullptr, &store_, nullptr};
  Handling handling_{.admission = &admission_, .once = &once_, .digest = &digest_};
};

TEST_F(HandleTest, AnswersACallWithTheUpstreamsReply) {
  Running* const running = Begin("|hello");
  End(0, Opened("7"));
  EXPECT_THAT(*running->reply, IsOkAndHolds("opened 7"));
  EXPECT_TRUE(running->call->result.status.ok());
  EXPECT_EQ(running->call->result.interaction_id, "7");
  EXPECT_EQ(running->call->result.attempts, 1);
  EXPECT_EQ(running->call->result.http_status, 200);
}

TEST_F(HandleTest, RefusesWhatIsNoMessageBeforeAnythingElse) {
  Running* const running = Begin("no message");
  EXPECT_THAT(*running->reply, HasReason(Reason::kMalformedRequest));
  EXPECT_EQ(requests(), 0u);
  EXPECT_EQ(admission_.in_flight(), 0);
}

TEST_F(HandleTest, TellsTheRequestIdOfARefusedCall) {
  Running* const running = Begin(std::string(kId) + "|bad");
  EXPECT_THAT(*running->reply, HasReason(Reason::kInvalidRequest));
  EXPECT_EQ(running->call->request_id, kId);
}

TEST_F(HandleTest, RefusesMoreCallsThanMayBeInFlight) {
  Begin("|1");
  Begin("|2");
  EXPECT_THAT(*Begin("|3")->reply, HasReason(Reason::kOverloaded));
  EXPECT_EQ(requests(), 2u);
}

TEST_F(HandleTest, KeepsThePlaceInFlightUntilTheCallIsGone) {
  Running* const running = Begin("|1");
  End(0, Opened("7"));
  ASSERT_TRUE(running->reply.has_value());
  EXPECT_EQ(admission_.in_flight(), 1) << "its answer was not taken yet";
  lane_.Run([&] { running->call.reset(); });
  EXPECT_EQ(admission_.in_flight(), 0);
}

TEST_F(HandleTest, RefusesTooMuchMetadata) {
  EXPECT_THAT(*Begin("|1", {.metadata = {.bytes = 1001}})->reply, HasReason(Reason::kMetadataTooLarge));
}

TEST_F(HandleTest, RefusesACallWithTooLittleTime) {
  EXPECT_THAT(*Begin("|1", {.time_left = absl::Milliseconds(40)})->reply, HasReason(Reason::kDeadlineBeforeSend));
  EXPECT_EQ(requests(), 0u);
}

TEST_F(HandleTest, GivesTheCallersTimeLessAMarginToTheUpstream) {
  Begin("|1", {.time_left = absl::Seconds(10)});
  EXPECT_EQ(lane_.http().sent().at(0).limits.timeout, absl::Seconds(9.75));
  EXPECT_EQ(lane_.http().sent().at(0).limits.extra_for_answer, absl::Seconds(30));
}

TEST_F(HandleTest, SendsACallWithARequestIdOnce) {
  const std::string message = std::string(kId) + "|hello";
  Begin(message);
  End(0, Opened("7"));
  Running* const again = Begin(message);
  EXPECT_THAT(*again->reply, IsOkAndHolds("opened 7"));
  EXPECT_TRUE(again->call->result.replayed);
  EXPECT_EQ(again->call->result.attempts, 0);
  EXPECT_EQ(requests(), 1u);
}

TEST_F(HandleTest, TakesTheRequestIdFromMetadataToo) {
  Running* const first = Begin("|hello", {.metadata = {.request_ids = 1, .request_id = kId}});
  EXPECT_EQ(first->call->request_id, kId);
}

TEST_F(HandleTest, RefusesARequestIdWhereNoRecordsAreKept) {
  handling_.once = nullptr;
  EXPECT_THAT(*Begin(std::string(kId) + "|hello")->reply, HasReason(Reason::kRequestIdUnsupported));
  EXPECT_EQ(requests(), 0u);
}

TEST_F(HandleTest, TellsHowLongTheUpstreamTook) {
  Running* const running = Begin("|1");
  Advance(absl::Seconds(3));
  End(0, Opened("7"));
  EXPECT_EQ(running->call->times.In(Phase::kWait), absl::Seconds(3));
  EXPECT_EQ(running->call->times.In(Phase::kQueue), absl::ZeroDuration());
}

}  // namespace
}  // namespace interaction::rpc
