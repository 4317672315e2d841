// The gateway's own limits: what exceeds them waits or is refused before anything is sent, and what does not notices
// nothing.
#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <future>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "tests/integration/answer_matchers.h"
#include "tests/integration/gateway.h"
#include "tests/integration/vendor_replies.h"
#include "tests/support/eventually.h"
#include "tests/support/raw_upstream.h"

namespace interaction::testing {
namespace {

using ::grpc::StatusCode;
using ::testing::Lt;

std::future<VspAnswer> BeginVsp(const TestGateway& gateway) {
  return std::async(std::launch::async, [&gateway] { return gateway.CreateVsp(); });
}

std::future<WolkvoxAnswer> BeginWolkvox(const TestGateway& gateway, const CallSetup& setup = nullptr) {
  return std::async(std::launch::async, [&gateway, setup] { return gateway.AddWolkvox(setup); });
}

template <typename Answer>
void ExpectOverloaded(const Answer& answer, const std::string& limit) {
  EXPECT_THAT(answer, IsError(StatusCode::UNAVAILABLE, "OVERLOADED", "not_applied"));
  EXPECT_EQ(answer.metadata.at("limit"), limit);
  EXPECT_TRUE(answer.retry_after.has_value());
}

TEST(CredentialLimitTest, FiftyCallsAtOnceAreAllServedTwoAtATime) {
  RawUpstream upstream(Always({Pause(absl::Milliseconds(10)), RespondJson(201, kWolkvoxOk)}));
  const TestGateway gateway(upstream.url());
  std::vector<std::future<WolkvoxAnswer>> calls;
  for (int i = 0; i < 50; ++i) calls.push_back(BeginWolkvox(gateway));
  for (auto& call : calls) EXPECT_THAT(call.get(), Succeeds());
  EXPECT_EQ(upstream.counts().requests, 50u);
  EXPECT_EQ(upstream.counts().most_at_once, 2u);
}

// Two calls are under way with the token, and stay so until Free(). Two more may wait for it.
class TokenInUseTest : public ::testing::Test {
 protected:
  TokenInUseTest() {
    for (auto& holder : holders_) holder = BeginWolkvox(gateway_);
    EXPECT_TRUE(upstream_.WaitForRequests(2));
  }

  void Free() {
    free_.Notify();
    for (auto& holder : holders_) EXPECT_THAT(holder.get(), Succeeds());
  }

  bool InFlight(int calls) {
    return Eventually([&] { return gateway_.app().calls_in_flight() == calls; });
  }

  absl::Notification free_;
  RawUpstream upstream_{Always({WaitFor(free_), RespondJson(201, kWolkvoxOk)})};
  const TestGateway gateway_{upstream_.url(), [](config::Config& config) {
                               config.server.lanes = 1;  // so that calls get in line in the order of their arrival
                               config.wolkvox.upstream.max_waiting_per_credential = 2;
                             }};
  std::array<std::future<WolkvoxAnswer>, 2> holders_;
};

TEST_F(TokenInUseTest, ACallWhoseTimePassesInLineIsNotSent) {
  EXPECT_THAT(gateway_.AddWolkvox([](grpc::ClientContext& context) {
    context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Milliseconds(300)));
  }),
              IsError(StatusCode::DEADLINE_EXCEEDED, "DEADLINE_BEFORE_SEND", "not_applied"));
  Free();
  EXPECT_EQ(upstream_.counts().requests, 2u);
}

TEST_F(TokenInUseTest, ACancelledCallLeavesItsTurnToTheNext) {
  const auto stub = v1::InteractionService::NewStub(gateway_.channel());
  grpc::ClientContext context;  // outlives TryCancel(), which may not have returned when the call has ended
  auto cancelled = std::async(std::launch::async, [&] {
    v1::AddWolkvoxInteractionResponse reply;
    return stub->AddWolkvoxInteraction(&context, TestGateway::ValidWolkvox(), &reply);
  });
  EXPECT_TRUE(InFlight(3));
  auto next = BeginWolkvox(gateway_);
  EXPECT_TRUE(InFlight(4));
  context.TryCancel();
  EXPECT_EQ(cancelled.get().error_code(), StatusCode::CANCELLED);
  EXPECT_TRUE(InFlight(3));
  Free();
  EXPECT_THAT(next.get(), Succeeds());
  EXPECT_EQ(upstream_.counts().requests, 3u);
}

TEST_F(TokenInUseTest, ACallBeyondTheLineIsRefused) {
  std::vector<std::future<WolkvoxAnswer>> waiting;
  for (const int in_flight : {3, 4}) {
    waiting.push_back(BeginWolkvox(gateway_));
    EXPECT_TRUE(InFlight(in_flight));
  }
  ExpectOverloaded(gateway_.AddWolkvox(), "wolkvox.max_concurrent_per_credential");
  Free();
  for (auto& call : waiting) EXPECT_THAT(call.get(), Succeeds());
  EXPECT_EQ(upstream_.counts().requests, 4u);
}

TEST_F(TokenInUseTest, AnotherTokenHasALimitOfItsOwn) {
  auto request = TestGateway::ValidWolkvox();
  request.set_wolkvox_token("another");
  auto other = std::async(std::launch::async, [&] { return gateway_.AddWolkvox(request); });
  EXPECT_TRUE(upstream_.WaitForRequests(3));
  Free();
  EXPECT_THAT(other.get(), Succeeds());
}

TEST(DailyQuotaTest, ATokenThatIsUsedUpIsNotSentAgain) {
  RawUpstream upstream(
      Always({RespondJson(200, R"({"code":"403","error":"FORBIDDEN","msg":"TOKEN LIMIT EXCEEDED"})")}));
  const TestGateway gateway(upstream.url());
  const auto is_quota = IsError(StatusCode::RESOURCE_EXHAUSTED, "UPSTREAM_DAILY_QUOTA", "not_applied");
  const WolkvoxAnswer first = gateway.AddWolkvox();
  EXPECT_THAT(first, is_quota);
  EXPECT_TRUE(first.has_quota_failure);
  EXPECT_EQ(first.metadata.count("parked"), 0u);
  for (int i = 0; i < 3; ++i) {
    const WolkvoxAnswer parked = gateway.AddWolkvox();
    EXPECT_THAT(parked, is_quota);
    EXPECT_TRUE(parked.has_quota_failure);
    EXPECT_EQ(parked.metadata.at("parked"), "true");
    EXPECT_TRUE(parked.retry_after.has_value());
  }
  EXPECT_EQ(upstream.counts().requests, 1u);

  auto with_another = TestGateway::ValidWolkvox();
  with_another.set_wolkvox_token("another");
  EXPECT_THAT(gateway.AddWolkvox(with_another), is_quota);
  EXPECT_EQ(upstream.counts().requests, 2u);
}

TEST(AdmissionTest, MoreCallsInFlightThanAllowedAreRefused) {
  absl::Notification go_on;
  RawUpstream upstream(Always({WaitFor(go_on), RespondJson(200, kOk)}));
  const TestGateway gateway(upstream.url(), [](config::Config& config) { config.calls.max_in_flight = 4; });
  std::vector<std::future<VspAnswer>> calls;
  for (int i = 0; i < 4; ++i) calls.push_back(BeginVsp(gateway));
  EXPECT_TRUE(upstream.WaitForRequests(4));
  ExpectOverloaded(gateway.CreateVsp(), "calls.max_in_flight");
  ExpectOverloaded(gateway.AddWolkvox(), "calls.max_in_flight");
  go_on.Notify();
  for (auto& call : calls) EXPECT_THAT(call.get(), Succeeds());
  EXPECT_TRUE(Eventually([&] { return gateway.app().calls_in_flight() == 0; }));
  EXPECT_THAT(gateway.CreateVsp(), Succeeds());
  EXPECT_EQ(upstream.counts().requests, 5u);
}

TEST(AdmissionTest, OneMachineCannotTakeThePlacesOfTheOthers) {
  absl::Notification go_on;
  RawUpstream upstream(Always({WaitFor(go_on), RespondJson(200, kOk)}));
  const TestGateway gateway(upstream.url(), [](config::Config& config) {
    config.server.listen = "[::]:0";
    config.calls.max_in_flight_per_peer = 2;
  });
  std::vector<std::future<VspAnswer>> calls;
  for (int i = 0; i < 2; ++i) calls.push_back(BeginVsp(gateway));
  EXPECT_TRUE(upstream.WaitForRequests(2));
  ExpectOverloaded(gateway.CreateVsp(), "calls.max_in_flight_per_peer");
  const GatewayClient elsewhere(
      grpc::CreateChannel(absl::StrCat("[::1]:", gateway.port()), grpc::InsecureChannelCredentials()));
  calls.push_back(std::async(std::launch::async, [&] { return elsewhere.CreateVsp(TestGateway::ValidVsp()); }));
  EXPECT_TRUE(upstream.WaitForRequests(3));
  go_on.Notify();
  for (auto& call : calls) EXPECT_THAT(call.get(), Succeeds());
  EXPECT_EQ(upstream.counts().requests, 3u);
}

TEST(AdmissionTest, MetadataBeyondItsSizeIsRefused) {
  RawUpstream upstream(Always({RespondJson(200, kOk)}));
  const TestGateway gateway(upstream.url());
  const auto with_metadata = [](size_t bytes) {
    return [bytes](grpc::ClientContext& context) { context.AddMetadata("x-large", std::string(bytes, 'x')); };
  };
  EXPECT_THAT(gateway.CreateVsp(with_metadata(9 << 10)),
              IsError(StatusCode::RESOURCE_EXHAUSTED, "METADATA_TOO_LARGE", "not_applied"));
  EXPECT_EQ(upstream.counts().requests, 0u);
  EXPECT_THAT(gateway.CreateVsp(with_metadata(7 << 10)), Succeeds());
  EXPECT_EQ(upstream.counts().requests, 1u);
}

TEST(IsolationTest, AnUpstreamThatHangsWithAllItsCallsDelaysNoneOfTheOther) {
  constexpr size_t kCalls = 200;
  absl::Notification go_on;
  RawUpstream hanging(Always({WaitFor(go_on), RespondJson(200, kOk)}));
  RawUpstream healthy(Always({RespondJson(201, kWolkvoxOk)}));
  const TestGateway gateway(healthy.url(), [&](config::Config& config) { config.seethepro.base_url = hanging.url(); });
  std::vector<std::future<VspAnswer>> stuck;
  for (size_t i = 0; i < kCalls; ++i) stuck.push_back(BeginVsp(gateway));
  EXPECT_TRUE(hanging.WaitForRequests(kCalls));

  std::vector<absl::Duration> took;
  for (size_t i = 0; i < kCalls; ++i) {
    const absl::Time start = absl::Now();
    EXPECT_THAT(gateway.AddWolkvox(), Succeeds());
    took.push_back(absl::Now() - start);
  }
  std::sort(took.begin(), took.end());
  EXPECT_THAT(took[kCalls * 99 / 100], Lt(absl::Milliseconds(20)));

  go_on.Notify();
  for (auto& call : stuck) EXPECT_THAT(call.get(), Succeeds());
  EXPECT_EQ(hanging.counts().requests, kCalls);
  EXPECT_EQ(healthy.counts().requests, kCalls);
}

}  // namespace
}  // namespace interaction::testing
