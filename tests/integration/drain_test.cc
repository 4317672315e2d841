#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "tests/integration/answer_matchers.h"
#include "tests/integration/gateway.h"
#include "tests/integration/vendor_replies.h"
#include "tests/support/process_stats.h"
#include "tests/support/raw_upstream.h"
#include "tests/support/sockets.h"

namespace interaction::testing {
namespace {

TEST(DrainTest, FinishesTheCallsInFlight) {
  absl::Notification answer;
  RawUpstream upstream(Always({WaitFor(answer), RespondJson(200, kOk)}));
  TestGateway gateway(upstream.url());
  std::vector<std::thread> callers;
  std::atomic<int> succeeded{0};
  for (int i = 0; i < 50; ++i) callers.emplace_back([&] { succeeded += gateway.CreateVsp().status.ok(); });
  EXPECT_TRUE(upstream.WaitForRequests(50));
  std::thread shutdown([&] { gateway.app().Shutdown(absl::Seconds(30)); });
  answer.Notify();
  shutdown.join();
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(succeeded, 50);
}

TEST(DrainTest, TakesNoNewConnections) {
  RawUpstream upstream(Always({RespondJson(200, kOk)}));
  TestGateway gateway(upstream.url());
  const uint16_t port = gateway.port();
  gateway.app().Shutdown(absl::Seconds(1));
  EXPECT_FALSE(ConnectLoopback(port).valid());
}

TEST(DrainTest, GivesUpCallsThatOutstayItAndSaysWhatBecameOfThem) {
  RawUpstream upstream(Always({Hang()}));
  TestGateway gateway(upstream.url());
  VspAnswer answer;
  std::thread caller([&] { answer = gateway.CreateVsp(); });
  EXPECT_TRUE(upstream.WaitForRequests(1));
  gateway.app().Shutdown(absl::Milliseconds(100));
  caller.join();
  EXPECT_THAT(answer, IsError(grpc::StatusCode::UNKNOWN, "CANCELLED_AFTER_SEND", "unknown"));
}

TEST(DrainTest, LeavesNeitherThreadsNorDescriptorsBehind) {
  RawUpstream upstream(Always({RespondJson(200, kOk)}));
  { TestGateway warm_up(upstream.url()); }
  const ProcessStats before = ReadProcessStats();
  for (int i = 0; i < 5; ++i) {
    TestGateway gateway(upstream.url());
    EXPECT_THAT(gateway.CreateVsp(), Succeeds());
  }
  EXPECT_TRUE(upstream.WaitForOpenAtMost(0));
  // gRPC keeps a few threads and descriptors of its own for a while; a lane that stayed would add five of each.
  EXPECT_LE(ReadProcessStats().threads, before.threads + 2);
  EXPECT_LE(ReadProcessStats().open_fds, before.open_fds + 4);
}

}  // namespace
}  // namespace interaction::testing
