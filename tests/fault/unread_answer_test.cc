// Clients that call and do not read the answers: they keep their places until they are cut off.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/integration/answer_matchers.h"
#include "tests/integration/gateway.h"
#include "tests/integration/vendor_replies.h"
#include "tests/support/eventually.h"
#include "tests/support/fake_clock.h"
#include "tests/support/raw_h2.h"
#include "tests/support/raw_upstream.h"

namespace interaction::testing {
namespace {

using ::grpc::StatusCode;

constexpr size_t kLimit = 10;
constexpr absl::Duration kCutOffAfter = absl::Seconds(10);

// A client that grants no window has made as many calls as may be in flight, and all have their answers.
class UnreadAnswersTest : public ::testing::Test {
 protected:
  UnreadAnswersTest() {
    client_.SetWindow(0);
    for (size_t i = 0; i < kLimit; ++i) calls_.push_back(client_.Start(VspCall()));
    for (const uint32_t call : calls_) EXPECT_TRUE(client_.ReadHeaders(call).ok());
  }

  static RawCall VspCall() {
    return {.path = "/interaction.v1.InteractionService/CreateVspInteraction",
            .body = GrpcMessage(TestGateway::ValidVsp().SerializeAsString())};
  }

  std::string StatusOf(uint32_t call) {
    const auto reply = client_.Read(call);
    if (!reply.ok()) return std::string(reply.status().message());
    constexpr uint32_t kCancel = 8;  // of RST_STREAM, which clients report as CANCELLED
    return reply->reset == kCancel ? "1" : reply->Trailer("grpc-status");
  }

  FakeClock clock_;
  RawUpstream upstream_{Always({RespondJson(200, kOk)})};
  TestGateway gateway_{upstream_.url(),
                       [](config::Config& config) {
                         config.server.lanes = 1;
                         config.calls.max_in_flight = kLimit;
                       },
                       /*resolver=*/nullptr, &clock_};
  RawH2Client client_{gateway_.port()};
  std::vector<uint32_t> calls_;
};

TEST_F(UnreadAnswersTest, CountAsInFlightSoThatMoreCallsAreRefusedAndNotSent) {
  constexpr char kUnavailable[] = "14";
  std::vector<uint32_t> more;
  for (int i = 0; i < 100; ++i) more.push_back(client_.Start(VspCall()));
  for (const uint32_t call : more) EXPECT_EQ(StatusOf(call), kUnavailable);
  EXPECT_THAT(gateway_.CreateVsp(), IsError(StatusCode::UNAVAILABLE, "OVERLOADED", "not_applied"));
  EXPECT_EQ(gateway_.app().calls_in_flight(), static_cast<int>(kLimit));
  EXPECT_EQ(upstream_.counts().requests, kLimit);
}

TEST_F(UnreadAnswersTest, AreStillThereWhenTheClientReadsThemInTime) {
  clock_.Advance(kCutOffAfter / 2);
  client_.SetWindow(65535);
  for (const uint32_t call : calls_) EXPECT_EQ(StatusOf(call), "0");
  EXPECT_TRUE(Eventually([&] { return gateway_.app().calls_in_flight() == 0; }));
  EXPECT_THAT(gateway_.CreateVsp(), Succeeds());
  EXPECT_EQ(upstream_.counts().requests, kLimit + 1);
}

TEST_F(UnreadAnswersTest, AreCutOffAfterAWhileWhichFreesTheirPlaces) {
  clock_.Advance(kCutOffAfter);
  constexpr char kCancelled[] = "1";
  for (const uint32_t call : calls_) EXPECT_EQ(StatusOf(call), kCancelled);
  EXPECT_TRUE(Eventually([&] { return gateway_.app().calls_in_flight() == 0; }));
  EXPECT_THAT(gateway_.CreateVsp(), Succeeds());
  EXPECT_EQ(upstream_.counts().requests, kLimit + 1);
}

}  // namespace
}  // namespace interaction::testing
