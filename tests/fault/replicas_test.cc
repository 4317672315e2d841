// Two replicas that share a Redis: one request_id is one POST and a credential has one limit, whichever of them is
// called.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <future>
#include <string>
#include <vector>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "tests/fault/replicas.h"
#include "tests/integration/answer_matchers.h"
#include "tests/integration/gateway.h"
#include "tests/integration/vendor_replies.h"
#include "tests/support/eventually.h"
#include "tests/support/raw_upstream.h"
#include "tests/support/redis_server.h"

namespace interaction::testing {
namespace {

using ::grpc::StatusCode;
using ::testing::AnyOf;
using ::testing::Ge;
using ::testing::Le;

constexpr char kId[] = "7b8c4d3e-91d2-4a0b-8c5e-2f1a6b7c8d9e";

v1::CreateVspInteractionRequest VspWith(const std::string& request_id) {
  auto request = TestGateway::ValidVsp();
  request.set_request_id(request_id);
  return request;
}

// Calls again for as long as the other replica is at it.
VspAnswer CallUntilThereIsAnAnswer(const ServerProcess& replica, std::atomic<int>& aborted) {
  VspAnswer answer;
  EXPECT_TRUE(Eventually([&] {
    answer = replica.CreateVsp(VspWith(kId));
    if (answer.status.ok()) return true;
    EXPECT_THAT(answer, IsError(StatusCode::ABORTED, "REQUEST_IN_PROGRESS", "not_applied"));
    EXPECT_TRUE(answer.retry_after.has_value());
    ++aborted;
    return false;
  }));
  return answer;
}

TEST(ReplicasTest, AHundredCallsWithOneRequestIdAreOnePost) {
  absl::Notification go_on;
  RawUpstream upstream(Always({WaitFor(go_on), RespondJson(200, kOk42)}));
  const RedisServer redis;
  const Replicas replicas(redis, upstream.url(), {"idempotency.in_progress_wait=100ms"});
  const ServerProcess one = replicas.Start();
  const ServerProcess other = replicas.Start();
  std::atomic<int> aborted{0};
  std::vector<std::future<VspAnswer>> calls;
  for (int i = 0; i < 100; ++i) {
    const ServerProcess& replica = i % 2 == 0 ? one : other;
    calls.push_back(std::async(std::launch::async, [&] { return CallUntilThereIsAnAnswer(replica, aborted); }));
  }
  EXPECT_TRUE(Eventually([&] { return aborted > 0; }));
  go_on.Notify();
  int not_replayed = 0;
  for (auto& call : calls) {
    const VspAnswer answer = call.get();
    EXPECT_EQ(answer.reply.interaction_id(), "42");
    not_replayed += !answer.replayed;
  }
  EXPECT_EQ(not_replayed, 1);
  EXPECT_EQ(upstream.counts().requests, 1u);
}

TEST(ReplicasTest, WhatOneReplicaWasToldTheOtherKnows) {
  RawUpstream upstream(InOrder({{RespondJson(200, kOk42)}, {RespondJson(500, "{}")}}));
  const RedisServer redis;
  const Replicas replicas(redis, upstream.url());
  const ServerProcess one = replicas.Start();
  const ServerProcess other = replicas.Start();
  EXPECT_THAT(one.CreateVsp(VspWith(kId)), Succeeds());
  EXPECT_THAT(other.CreateVsp(VspWith(kId)), IsReplayed());
  auto different = VspWith(kId);
  different.set_interaction_name("something else");
  EXPECT_THAT(other.CreateVsp(different), IsError(StatusCode::FAILED_PRECONDITION, "REQUEST_ID_REUSED", "not_applied"));

  const auto unlucky = VspWith("0f9e8d7c-6b5a-4c3d-9e8f-7a6b5c4d3e2f");
  EXPECT_THAT(one.CreateVsp(unlucky), IsError(StatusCode::UNKNOWN, "UPSTREAM_INTERNAL_ERROR", "unknown"));
  EXPECT_THAT(other.CreateVsp(unlucky), IsError(StatusCode::UNKNOWN, "OUTCOME_UNKNOWN", "unknown"));
  EXPECT_EQ(upstream.counts().requests, 2u);
}

// How it goes on when the lease ends: lease_test.cc.
TEST(ReplicasTest, WhatAKilledReplicaHadSentNobodySendsAgain) {
  RawUpstream upstream(Always({Hang()}));
  const RedisServer redis;
  const Replicas replicas(redis, upstream.url(), {"idempotency.in_progress_wait=100ms"});
  ServerProcess killed = replicas.Start();
  const ServerProcess other = replicas.Start();
  auto lost = std::async(std::launch::async, [&] { return killed.CreateVsp(VspWith(kId)); });
  EXPECT_TRUE(upstream.WaitForRequests(1));
  killed.process().Signal(SIGKILL);
  EXPECT_FALSE(lost.get().status.ok());
  const VspAnswer answer = other.CreateVsp(VspWith(kId));
  EXPECT_THAT(answer, IsError(StatusCode::ABORTED, "REQUEST_IN_PROGRESS", "not_applied"));
  EXPECT_TRUE(answer.retry_after.has_value());
  EXPECT_EQ(upstream.counts().requests, 1u);
}

TEST(ReplicasTest, ACredentialIsNeverUsedMoreOftenAtOnceThanItMay) {
  RawUpstream upstream(Always({Pause(absl::Milliseconds(50)), RespondJson(201, kWolkvoxOk)}));
  const RedisServer redis;
  redis.Run({"SET", "sem:1:born", "1"});  // one that just came up gives no permits for its first seconds
  const Replicas replicas(redis, upstream.url());
  const ServerProcess one = replicas.Start();
  const ServerProcess other = replicas.Start();
  std::vector<std::future<WolkvoxAnswer>> calls;
  for (int i = 0; i < 50; ++i) {
    const ServerProcess& replica = i % 2 == 0 ? one : other;
    calls.push_back(std::async(std::launch::async, [&] {
      return replica.AddWolkvox(TestGateway::ValidWolkvox(), [](grpc::ClientContext& context) {
        context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(5)));
      });
    }));
  }
  size_t succeeded = 0;
  for (auto& call : calls) {
    const WolkvoxAnswer answer = call.get();
    succeeded += answer.status.ok();
    if (answer.status.ok()) continue;
    EXPECT_THAT(answer, AnyOf(IsError(StatusCode::DEADLINE_EXCEEDED, "DEADLINE_BEFORE_SEND", "not_applied"),
                              IsError(StatusCode::UNAVAILABLE, "OVERLOADED", "not_applied")));
  }
  EXPECT_THAT(succeeded, Ge(20u));
  EXPECT_EQ(upstream.counts().requests, succeeded);
  EXPECT_THAT(upstream.counts().most_at_once, Le(2u));
}

}  // namespace
}  // namespace interaction::testing
