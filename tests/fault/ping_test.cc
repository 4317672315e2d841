// Clients that keep their connections alive with PING, at whatever pace.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "tests/integration/gateway.h"
#include "tests/integration/vendor_replies.h"
#include "tests/support/raw_h2.h"
#include "tests/support/raw_upstream.h"

namespace interaction::testing {
namespace {

RawCall VspCall() {
  return {.path = "/interaction.v1.InteractionService/CreateVspInteraction",
          .body = GrpcMessage(TestGateway::ValidVsp().SerializeAsString())};
}

TEST(PingTest, AClientThatPingsAsOftenAsItLikesGetsItsAnswer) {
  absl::Notification go_on;
  RawUpstream upstream(Always({WaitFor(go_on), RespondJson(200, kOk)}));
  const TestGateway gateway(upstream.url());
  RawH2Client client(gateway.port());
  const uint32_t call = client.Start(VspCall());
  EXPECT_TRUE(upstream.WaitForRequests(1));
  for (int i = 0; i < 1000; ++i) client.Ping();
  go_on.Notify();
  const auto reply = client.Read(call);
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->Trailer("grpc-status"), "0");
  EXPECT_FALSE(client.goaway());
  EXPECT_EQ(upstream.counts().requests, 1u);
}

TEST(PingTest, NoCallIsLostAndNoneIsSentTwiceUnderLoadWithPings) {
  constexpr size_t kClients = 4, kCalls = 50;
  RawUpstream upstream(Always({Pause(absl::Milliseconds(20)), RespondJson(200, kOk)}));
  const TestGateway gateway(upstream.url());
  std::vector<std::thread> clients;
  std::atomic<size_t> answered{0};
  for (size_t i = 0; i < kClients; ++i) {
    clients.emplace_back([&] {
      RawH2Client client(gateway.port());
      std::vector<uint32_t> calls;
      for (size_t call = 0; call < kCalls; ++call) {
        calls.push_back(client.Start(VspCall()));
        for (int ping = 0; ping < 20; ++ping) client.Ping();
      }
      for (const uint32_t call : calls) {
        const auto reply = client.Read(call);
        answered += reply.ok() && reply->Trailer("grpc-status") == "0";
      }
      EXPECT_FALSE(client.goaway());
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(answered, kClients * kCalls);
  EXPECT_EQ(upstream.counts().requests, kClients * kCalls);
}

}  // namespace
}  // namespace interaction::testing
