// What the lease of a claim is for: replicas that die or stand still with a call. Each test waits until one has ended.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <future>
#include <string>
#include <vector>

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

constexpr char kId[] = "7b8c4d3e-91d2-4a0b-8c5e-2f1a6b7c8d9e";
constexpr absl::Duration kLease = absl::Seconds(11);  // the longest deadline and ten seconds

std::vector<std::string> ShortLease() {
  return {"seethepro.max_deadline=1s", "seethepro.connect_timeout=1s", "idempotency.in_progress_wait=100ms"};
}

v1::CreateVspInteractionRequest Request() {
  auto request = TestGateway::ValidVsp();
  request.set_request_id(kId);
  return request;
}

void WaitLong(grpc::ClientContext& context) {
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Minutes(1)));
}

// Calls until the id is not in progress any more. Returns what it is then.
VspAnswer OutlastTheLease(const ServerProcess& replica) {
  VspAnswer answer;
  EXPECT_TRUE(Eventually(
      [&] {
        answer = replica.CreateVsp(Request());
        if (answer.status.error_code() != StatusCode::ABORTED) return true;
        EXPECT_THAT(answer, IsError(StatusCode::ABORTED, "REQUEST_IN_PROGRESS", "not_applied"));
        return false;
      },
      kLease + absl::Seconds(5)));
  return answer;
}

auto IsOutcomeUnknown() { return IsError(StatusCode::UNKNOWN, "OUTCOME_UNKNOWN", "unknown"); }

TEST(LeaseTest, WhatAKilledReplicaHadSentIsUnknownWhenItsLeaseEnds) {
  RawUpstream upstream(Always({Hang()}));
  const RedisServer redis;
  const Replicas replicas(redis, upstream.url(), ShortLease());
  ServerProcess killed = replicas.Start();
  const ServerProcess other = replicas.Start();
  const absl::Time start = absl::Now();
  auto lost = std::async(std::launch::async, [&] { return killed.CreateVsp(Request(), WaitLong); });
  EXPECT_TRUE(upstream.WaitForRequests(1));
  killed.process().Signal(SIGKILL);
  EXPECT_FALSE(lost.get().status.ok());
  EXPECT_THAT(OutlastTheLease(other), IsOutcomeUnknown());
  EXPECT_THAT(absl::Now() - start, Ge(kLease));
  EXPECT_THAT(other.CreateVsp(Request()), IsOutcomeUnknown());
  EXPECT_EQ(upstream.counts().requests, 1u);
}

// It goes on where it stood, with the name resolved, when another replica has given its call up for lost.
TEST(LeaseTest, AReplicaThatStoodStillPastItsLeaseSendsNothing) {
  RawUpstream upstream(Always({RespondJson(200, kOk42)}));
  const RedisServer redis;
  const Replicas replicas(redis, upstream.UrlFor("slow.test"), ShortLease());
  SubprocessOptions slow_names;
  slow_names.env = {{"LD_PRELOAD", SCRIPTED_GETADDRINFO},
                    {"SCRIPTED_DNS", "slow.test=delay:900,127.0.0.1"},
                    {"ASAN_OPTIONS", "verify_asan_link_order=0"}};
  ServerProcess asleep = replicas.Start(slow_names);
  const ServerProcess other = replicas.Start(slow_names);
  auto call = std::async(std::launch::async, [&] { return asleep.CreateVsp(Request(), WaitLong); });
  EXPECT_TRUE(Eventually([&] { return !redis.Run({"KEYS", "idem:*"}).empty(); }));
  asleep.process().Signal(SIGSTOP);
  EXPECT_THAT(OutlastTheLease(other), IsOutcomeUnknown());
  asleep.process().Signal(SIGCONT);
  EXPECT_THAT(call.get(), AnyOf(IsError(StatusCode::UNAVAILABLE, "IDEMPOTENCY_LEASE_EXPIRED", "not_applied"),
                                IsError(StatusCode::DEADLINE_EXCEEDED, "UPSTREAM_DNS_TIMEOUT", "not_applied"),
                                IsError(StatusCode::DEADLINE_EXCEEDED, "DEADLINE_BEFORE_SEND", "not_applied")));
  // A call that comes before the claim is settled hears how that call ended; those after it, what the record says.
  EXPECT_TRUE(Eventually([&] { return asleep.CreateVsp(Request()).reason == "OUTCOME_UNKNOWN"; }));
  EXPECT_THAT(other.CreateVsp(Request()), IsOutcomeUnknown());
  EXPECT_EQ(upstream.counts().requests, 0u);
}

}  // namespace
}  // namespace interaction::testing
