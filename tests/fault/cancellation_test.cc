// A caller that leaves: whatever the call was waiting for is freed, and nothing is sent that was not sent yet.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/integration/answer_matchers.h"
#include "tests/integration/gateway.h"
#include "tests/integration/vendor_replies.h"
#include "tests/support/eventually.h"
#include "tests/support/fake_resolver.h"
#include "tests/support/matchers.h"
#include "tests/support/process_stats.h"
#include "tests/support/raw_h2.h"
#include "tests/support/raw_upstream.h"
#include "tests/support/sockets.h"

namespace interaction::testing {
namespace {

using ::testing::Not;
using ::testing::ResultOf;

RawCall ValidCall() {
  return {.path = kCreateVspPath, .body = GrpcMessage(TestGateway::ValidVsp().SerializeAsString())};
}

auto IsAnsweredOk() {
  return IsOkAndHolds(ResultOf([](const RawReply& r) { return r.Trailer("grpc-status"); }, "0"));
}

// Calls, and cancels once `reached` says that the call is where it is meant to be.
template <typename Reached>
void CallAndCancel(const TestGateway& gateway, Reached reached) {
  grpc::ClientContext context;  // outlives the canceller, which may still be in TryCancel() when the call has ended
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(10)));
  std::thread canceller([&] {
    EXPECT_TRUE(Eventually(reached));
    context.TryCancel();
  });
  v1::CreateVspInteractionResponse reply;
  const grpc::Status status = v1::InteractionService::NewStub(gateway.channel())
                                  ->CreateVspInteraction(&context, TestGateway::ValidVsp(), &reply);
  canceller.join();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::CANCELLED);
}

TEST(CancellationTest, WhileResolvingSendsNothing) {
  FakeResolver resolver;
  RawUpstream upstream(Always({RespondJson(200, kOk)}));
  const TestGateway gateway(
      upstream.UrlFor("slow.test"), [](config::Config& config) { config.server.lanes = 1; }, &resolver);
  CallAndCancel(gateway, [&] { return resolver.waiting("slow.test") == 1; });
  // This call follows the cancellation on its connection and its lane: when it has ended, the gateway knows.
  EXPECT_THAT(gateway.CreateVsp(v1::CreateVspInteractionRequest()), Not(Succeeds()));
  resolver.Answer("slow.test", {"127.0.0.1"});  // too late
  resolver.Answer("fresh.test", {"127.0.0.1"});
  EXPECT_THAT(gateway.CreateVsp(), Succeeds());
  EXPECT_EQ(upstream.counts().requests, 1u);
}

TEST(CancellationTest, InTheSameBytesAsTheRequestSendsNothing) {
  if (TransportUnderTest() == config::Transport::kGrpc) GTEST_SKIP() << "gRPC's server tells of either first";
  RawUpstream upstream(Always({RespondJson(200, kOk)}));
  const TestGateway gateway(upstream.url());
  RawH2Client client(gateway.port());
  EXPECT_THAT(client.Call(ValidCall()), IsAnsweredOk());  // now the gateway reads as much as there is
  client.HoldBack();
  client.Cancel(client.Start(ValidCall()));
  client.SendHeldBack();
  EXPECT_THAT(client.Call(ValidCall()), IsAnsweredOk());
  EXPECT_EQ(upstream.counts().requests, 2u);
}

TEST(CancellationTest, WhileConnectingSendsNothing) {
  const SilentPort port;
  const TestGateway gateway(absl::StrCat("http://127.0.0.1:", port.port(), "/"));
  const int before = ReadProcessStats().open_fds;
  CallAndCancel(gateway, [&] { return ReadProcessStats().open_fds > before; });
}

// What was sent cannot be taken back, so its answer is still waited for; but not beyond the server's end.
TEST(CancellationTest, AfterSendingLeavesTheTransferToTheUpstreamUntilTheServerEnds) {
  RawUpstream upstream(Always({Hang()}));
  TestGateway gateway(upstream.url());
  CallAndCancel(gateway, [&] { return upstream.counts().requests == 1; });
  EXPECT_EQ(upstream.counts().open, 1u);
  gateway.app().Shutdown(absl::ZeroDuration());
  EXPECT_TRUE(upstream.WaitForOpenAtMost(0));
  EXPECT_EQ(upstream.counts().requests, 1u);
}

// Ten thousand calls, cancelled at random moments: before they arrive, while they are sent, while they are answered.
TEST(CancellationTest, AtAnyMomentLeavesNothingBehind) {
  constexpr int kCalls = 10000;
  RawUpstream upstream(Always({Pause(absl::Microseconds(300)), RespondJson(200, kOk)}));
  auto gateway = std::make_unique<TestGateway>(upstream.url());
  EXPECT_THAT(gateway->CreateVsp(), Succeeds());
  const unsigned seed = std::random_device{}();  // printed, so that a failure can be repeated
  std::mt19937 random(seed);
  SCOPED_TRACE(absl::StrCat("seed ", seed));
  RawH2Client client(gateway->port());
  for (int i = 0; i < kCalls; ++i) {
    const uint32_t stream = client.Start(ValidCall());
    if (random() % 4 == 0) absl::SleepFor(absl::Microseconds(random() % 600));
    client.Cancel(stream);
  }
  EXPECT_THAT(gateway->CreateVsp(), Succeeds());
  const absl::Time start = absl::Now();
  gateway->app().Shutdown(absl::Seconds(10));
  EXPECT_LT(absl::Now() - start, absl::Seconds(5)) << "calls were still in flight";
  gateway.reset();
  EXPECT_LE(upstream.counts().requests, kCalls + 2u);
  EXPECT_TRUE(upstream.WaitForOpenAtMost(0));
}

}  // namespace
}  // namespace interaction::testing
