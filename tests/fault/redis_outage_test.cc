// Redis fails: calls with a request_id are refused before anything is sent, or end as they would have; all others go
// on, those to an upstream with a limit per credential within this replica's share of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "tests/fault/replicas.h"
#include "tests/integration/answer_matchers.h"
#include "tests/integration/gateway.h"
#include "tests/integration/vendor_replies.h"
#include "tests/support/eventually.h"
#include "tests/support/raw_upstream.h"
#include "tests/support/redis_server.h"
#include "tests/support/scripted_redis.h"
#include "tests/support/temp_dir.h"

namespace interaction::testing {
namespace {

using ::grpc::StatusCode;
using ::testing::Le;

constexpr absl::Duration kBound = absl::Milliseconds(300);  // two timeouts of Redis, and time to spare

// The n-th of different requests.
v1::CreateVspInteractionRequest VspWithId(int n) {
  auto request = TestGateway::ValidVsp();
  request.set_request_id(absl::StrFormat("7b8c4d3e-91d2-4a0b-8c5e-%012d", n));
  return request;
}

// Calls, and holds the call to its time.
VspAnswer CallInTime(const ServerProcess& server, const v1::CreateVspInteractionRequest& request) {
  const absl::Time start = absl::Now();
  VspAnswer answer = server.CreateVsp(request);
  EXPECT_THAT(absl::Now() - start, Le(kBound));
  return answer;
}

bool EventuallySucceeds(const ServerProcess& server, const v1::CreateVspInteractionRequest& request) {
  return Eventually([&] { return server.CreateVsp(request).status.ok(); });
}

auto IsRefused() { return IsError(StatusCode::UNAVAILABLE, "IDEMPOTENCY_STORE_UNAVAILABLE", "not_applied"); }

// The line of docs/operations.md that begins as rights of an ACL do. Tests run in the root of the repository.
std::string DocumentedRights() {
  std::ifstream page("docs/operations.md");
  for (std::string line; std::getline(page, line);) {
    if (absl::StrContains(line, "    ~idem:1:*")) return line;
  }
  return "";
}

struct Outage {
  const char* name;
  void (RedisServer::*begin)();
  void (RedisServer::*end)();
};

class RedisOutageTest : public ::testing::TestWithParam<Outage> {};

TEST_P(RedisOutageTest, RefusesCallsWithARequestIdInTimeAndNoOthers) {
  RawUpstream upstream(Always({RespondJson(200, kOk42)}));
  RedisServer redis;
  const Replicas replicas(redis, upstream.url(), {"redis.timeout=50ms"});
  const ServerProcess server = replicas.Start();
  EXPECT_TRUE(EventuallySucceeds(server, VspWithId(0)));

  (redis.*GetParam().begin)();
  const VspAnswer refused = CallInTime(server, VspWithId(1));
  EXPECT_THAT(refused, IsRefused());
  EXPECT_TRUE(refused.retry_after.has_value());
  EXPECT_EQ(upstream.counts().requests, 1u);
  EXPECT_THAT(CallInTime(server, TestGateway::ValidVsp()), Succeeds());
  EXPECT_EQ(upstream.counts().requests, 2u);

  (redis.*GetParam().end)();
  EXPECT_TRUE(EventuallySucceeds(server, VspWithId(1)));
  EXPECT_EQ(upstream.counts().requests, 3u);
}

// A command of Redis' may take a second. The first call finds out; no later one waits for it.
TEST_P(RedisOutageTest, CallsToAnUpstreamWithALimitGoOnAtOnceWithinTheShare) {
  RawUpstream upstream(Always({Pause(absl::Milliseconds(20)), RespondJson(201, kWolkvoxOk)}));
  RedisServer redis;
  const Replicas replicas(redis, upstream.url(), {"redis.timeout=1s"});
  const ServerProcess server = replicas.Start();
  EXPECT_THAT(server.AddWolkvox(TestGateway::ValidWolkvox()), Succeeds());
  EXPECT_THAT(server.AddWolkvox(TestGateway::ValidWolkvox()), Succeeds());

  (redis.*GetParam().begin)();
  const absl::Time begin = absl::Now();
  EXPECT_THAT(server.AddWolkvox(TestGateway::ValidWolkvox()), Succeeds());
  EXPECT_THAT(absl::Now() - begin, Le(absl::Seconds(2)));
  // For longer than it takes until Redis is tried again.
  for (const absl::Time end = absl::Now() + absl::Milliseconds(2500); absl::Now() < end;) {
    const absl::Time start = absl::Now();
    EXPECT_THAT(server.AddWolkvox(TestGateway::ValidWolkvox()), Succeeds());
    EXPECT_THAT(absl::Now() - start, Le(absl::Milliseconds(700)));
  }
  std::vector<std::future<WolkvoxAnswer>> calls;
  for (int i = 0; i < 6; ++i) {
    calls.push_back(std::async(std::launch::async, [&] { return server.AddWolkvox(TestGateway::ValidWolkvox()); }));
  }
  for (auto& call : calls) EXPECT_THAT(call.get(), Succeeds());
  EXPECT_THAT(upstream.counts().most_at_once, Le(1u));  // two permits, two replicas

  auto with_id = TestGateway::ValidWolkvox();
  with_id.set_request_id(VspWithId(1).request_id());
  const size_t sent = upstream.counts().requests;
  EXPECT_THAT(server.AddWolkvox(with_id), IsRefused());
  EXPECT_EQ(upstream.counts().requests, sent);
  (redis.*GetParam().end)();
  EXPECT_TRUE(Eventually([&] { return server.AddWolkvox(with_id).status.ok(); }, absl::Seconds(10)));
}

// The longest lease is twelve seconds here: permits of Redis' may be in use for so long.
TEST_P(RedisOutageTest, CallsThatAreToWaitForRedisSendNothingAndTheirErrorNamesIt) {
  RawUpstream upstream(Always({RespondJson(201, kWolkvoxOk)}));
  RedisServer redis;
  redis.Run({"SET", "sem:1:born", "1"});  // it gives permits at once
  const Replicas replicas(
      redis, upstream.url(),
      {"redis.timeout=50ms", "redis.on_outage=wait", "wolkvox.max_deadline=2s", "wolkvox.connect_timeout=1s"});
  const ServerProcess server = replicas.Start();
  EXPECT_THAT(server.AddWolkvox(TestGateway::ValidWolkvox()), Succeeds());
  (redis.*GetParam().begin)();
  const WolkvoxAnswer refused = server.AddWolkvox(TestGateway::ValidWolkvox());
  EXPECT_THAT(refused, IsError(StatusCode::DEADLINE_EXCEEDED, "DEADLINE_BEFORE_SEND", "not_applied"));
  EXPECT_EQ(refused.metadata.at("redis"), "unavailable");
  EXPECT_EQ(upstream.counts().requests, 1u);
  (redis.*GetParam().end)();
  EXPECT_TRUE(
      Eventually([&] { return server.AddWolkvox(TestGateway::ValidWolkvox()).status.ok(); }, absl::Seconds(20)));
}

INSTANTIATE_TEST_SUITE_P(Kinds, RedisOutageTest,
                         ::testing::Values(Outage{"Stopped", &RedisServer::Stop, &RedisServer::Start},
                                           Outage{"Killed", &RedisServer::Kill, &RedisServer::Start},
                                           Outage{"Paused", &RedisServer::Pause, &RedisServer::Resume}),
                         [](const auto& row) { return row.param.name; });

// As at the first start of all: nothing is known yet of what replicas hold, but nobody has to wait for it.
TEST(RedisFaultTest, AnEmptyRedisHoldsNoCallUpAndTheLogSaysSo) {
  RawUpstream upstream(Always({RespondJson(201, kWolkvoxOk)}));
  const RedisServer redis;
  const Replicas replicas(redis, upstream.url());
  const ServerProcess server = replicas.Start();
  const absl::Time start = absl::Now();
  EXPECT_THAT(server.AddWolkvox(TestGateway::ValidWolkvox()), Succeeds());
  EXPECT_THAT(absl::Now() - start, Le(absl::Seconds(2)));
  EXPECT_TRUE(server.process().WaitForLine("redis is empty").has_value());
  EXPECT_EQ(upstream.counts().requests, 1u);
}

// Calls without a request_id go on; the log tells the operator what is wrong.
TEST(RedisFaultTest, ARedisThatRefusesCommandsIsNamedInTheLogWithItsReason) {
  RawUpstream upstream([](const RecordedRequest& request) -> Script {
    return {absl::StrContains(request.body, "rp_id") ? RespondJson(201, kWolkvoxOk) : RespondJson(200, kOk42)};
  });
  const RedisServer redis;
  const Replicas replicas(redis, upstream.url());
  const ServerProcess server = replicas.Start();
  EXPECT_THAT(server.AddWolkvox(TestGateway::ValidWolkvox()), Succeeds());
  redis.Run({"CONFIG", "SET", "min-replicas-to-write", "1"});
  EXPECT_THAT(server.CreateVsp(VspWithId(1)), IsRefused());
  EXPECT_THAT(server.AddWolkvox(TestGateway::ValidWolkvox()), Succeeds());
  EXPECT_TRUE(server.process().WaitForLine(R"("command":"EVALSHA","error":"NOREPLICAS")").has_value());
  redis.Run({"CONFIG", "SET", "min-replicas-to-write", "0"});
  redis.Run({"ACL", "SETUSER", "default", "-set", "-zadd", "-hset"});
  EXPECT_THAT(server.CreateVsp(VspWithId(1)), IsRefused());
  EXPECT_THAT(server.AddWolkvox(TestGateway::ValidWolkvox()), Succeeds());
  EXPECT_TRUE(server.process().WaitForLine(R"("error":"NOPERM")").has_value());
  EXPECT_EQ(upstream.counts().requests, 3u);
}

// docs/operations.md, "What the log says".
TEST(RedisFaultTest, ARedisThatAllowsTheDocumentedRightsAndNoOthersIsEnough) {
  RawUpstream upstream([](const RecordedRequest& request) -> Script {
    return {absl::StrContains(request.body, "rp_id") ? RespondJson(201, kWolkvoxOk) : RespondJson(200, kOk42)};
  });
  std::vector<std::string> user = {"--user", "gateway", "on", ">s3cret"};
  const std::vector<std::string> rights = absl::StrSplit(DocumentedRights(), ' ', absl::SkipEmpty());
  user.insert(user.end(), rights.begin(), rights.end());
  const RedisServer redis({.settings = user});
  redis.Run({"SET", "sem:1:born", "1"});  // so that it gives permits at once
  const TempDir dir;
  const Replicas replicas(
      redis, upstream.url(),
      {"redis.username=gateway", absl::StrCat("redis.password_file=", dir.Write("password", "s3cret"))});
  const ServerProcess server = replicas.Start();
  EXPECT_THAT(server.CreateVsp(VspWithId(1)), Succeeds());
  EXPECT_THAT(server.CreateVsp(VspWithId(1)), IsReplayed());
  auto wolkvox = TestGateway::ValidWolkvox();
  wolkvox.set_request_id(VspWithId(2).request_id());
  EXPECT_THAT(server.AddWolkvox(wolkvox), Succeeds());
  EXPECT_TRUE(Eventually([&] { return redis.Run({"KEYS", "sem:1:{*"}).empty(); }));
  EXPECT_FALSE(absl::StrContains(server.process().Stderr(), "redis refuses"));
}

// It has five seconds for each command.
TEST(RedisFaultTest, ARedisThatAnnouncesAnEndlessReplyDelaysNoCall) {
  RawUpstream upstream([](const RecordedRequest& request) -> Script {
    return {absl::StrContains(request.body, "rp_id") ? RespondJson(201, kWolkvoxOk) : RespondJson(200, kOk42)};
  });
  for (const char* answer : {"*2147483648\r\n", "*2147483647\r\n", "$2147483647\r\n"}) {
    const RedisServer unused;
    const ScriptedRedis redis(answer);
    const Replicas replicas(unused, upstream.url(), {absl::StrCat("redis.address=127.0.0.1:", redis.port())});
    const ServerProcess server = replicas.Start();
    const size_t sent = upstream.counts().requests;
    const absl::Time start = absl::Now();
    EXPECT_THAT(server.CreateVsp(VspWithId(1)), IsRefused()) << answer;
    EXPECT_EQ(upstream.counts().requests, sent);
    EXPECT_THAT(server.AddWolkvox(TestGateway::ValidWolkvox()), Succeeds()) << answer;
    EXPECT_THAT(server.CreateVsp(TestGateway::ValidVsp()), Succeeds()) << answer;
    EXPECT_THAT(absl::Now() - start, Le(absl::Seconds(2))) << answer;
    EXPECT_TRUE(server.process().WaitForLine("Redis announced a reply").has_value());
  }
}

TEST(RedisFaultTest, AGatewayThatStaysOpenServesCallsUnprotectedAndSaysSo) {
  RawUpstream upstream([](const RecordedRequest& request) -> Script {
    return {RespondJson(absl::StrContains(request.body, "fails") ? 500 : 200, kOk42)};
  });
  RedisServer redis;
  const Replicas replicas(redis, upstream.url(), {"redis.timeout=50ms", "idempotency.on_store_failure=open"});
  const ServerProcess server = replicas.Start();
  EXPECT_TRUE(Eventually([&] { return server.CreateVsp(VspWithId(0)).replayed; }));
  EXPECT_FALSE(server.CreateVsp(VspWithId(0)).bypassed);
  EXPECT_EQ(upstream.counts().requests, 1u);

  redis.Stop();
  const VspAnswer served = CallInTime(server, VspWithId(1));
  EXPECT_THAT(served, Succeeds());
  EXPECT_TRUE(served.bypassed);
  auto failing = VspWithId(2);
  failing.set_interaction_name("fails");
  const VspAnswer failed = CallInTime(server, failing);
  EXPECT_THAT(failed, IsError(StatusCode::UNKNOWN, "UPSTREAM_INTERNAL_ERROR", "unknown"));
  EXPECT_TRUE(failed.bypassed);
  EXPECT_EQ(failed.metadata.at("idempotency"), "bypassed");
  EXPECT_EQ(upstream.counts().requests, 3u);

  redis.Start();
  EXPECT_TRUE(Eventually([&] { return !server.CreateVsp(VspWithId(3)).bypassed; }));
  EXPECT_THAT(server.CreateVsp(VspWithId(3)), IsReplayed());
}

// The upstream has answered, and Redis is slow to take it when the caller's time is over: nobody may call that "not
// applied".
TEST(RedisFaultTest, ACallerThatLeavesWhileItsRecordIsSettledLearnsThatSomethingMayHaveBeenOpened) {
  RedisServer redis;
  RawUpstream upstream([&](const RecordedRequest&) -> Script {
    redis.Pause();
    return {RespondJson(200, kOk42)};
  });
  const Replicas replicas(redis, upstream.url());
  const ServerProcess server = replicas.Start();
  const VspAnswer left = server.CreateVsp(VspWithId(1), [](grpc::ClientContext& context) {
    context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Milliseconds(500)));
  });
  EXPECT_THAT(left, IsError(grpc::StatusCode::DEADLINE_EXCEEDED, "UPSTREAM_TIMEOUT", "unknown"));
  redis.Resume();
  EXPECT_TRUE(EventuallySucceeds(server, VspWithId(1)));
  EXPECT_EQ(upstream.counts().requests, 1u);
}

TEST(RedisFaultTest, ARedisThatIsStuckForAWhileDelaysNoCallForLong) {
  RawUpstream upstream(Always({RespondJson(200, kOk42)}));
  const RedisServer redis;
  const Replicas replicas(redis, upstream.url(), {"redis.timeout=50ms"});
  const ServerProcess server = replicas.Start();
  EXPECT_TRUE(EventuallySucceeds(server, VspWithId(0)));
  size_t sent = 1;
  int calls = 0;
  std::vector<int> refused;
  std::atomic<bool> awake{false};
  std::thread sleeper([&] {
    redis.Run({"DEBUG", "SLEEP", "2"});
    awake = true;
  });
  while (!awake) {
    const VspAnswer answer = CallInTime(server, VspWithId(++calls));
    sent += answer.status.ok();
    if (answer.status.ok()) continue;
    EXPECT_THAT(answer, IsRefused());
    refused.push_back(calls);
  }
  sleeper.join();
  EXPECT_EQ(upstream.counts().requests, sent);
  ASSERT_FALSE(refused.empty());
  for (const int n : refused) EXPECT_TRUE(EventuallySucceeds(server, VspWithId(n))) << n;
  EXPECT_EQ(upstream.counts().requests, sent + refused.size());
}

// Redis comes back empty, and is told how the call ended.
TEST(RedisFaultTest, ARedisThatLosesACallUnderWayLearnsItsEnd) {
  absl::Notification go_on;
  RawUpstream upstream(Always({WaitFor(go_on), RespondJson(200, kOk42)}));
  RedisServer redis;
  const Replicas replicas(redis, upstream.url());
  const ServerProcess one = replicas.Start();
  const ServerProcess other = replicas.Start();
  auto call = std::async(std::launch::async, [&] { return one.CreateVsp(VspWithId(1)); });
  EXPECT_TRUE(upstream.WaitForRequests(1));
  redis.Kill();
  go_on.Notify();
  const VspAnswer answer = call.get();
  EXPECT_THAT(answer, Succeeds());
  EXPECT_FALSE(answer.replayed);
  EXPECT_THAT(one.CreateVsp(VspWithId(1)), IsReplayed());

  redis.Start();
  EXPECT_TRUE(Eventually([&] { return !redis.Run({"KEYS", "idem:*"}).empty(); }));
  EXPECT_TRUE(EventuallySucceeds(other, VspWithId(1)));
  EXPECT_THAT(other.CreateVsp(VspWithId(1)), IsReplayed());
  EXPECT_THAT(one.CreateVsp(VspWithId(1)), IsReplayed());
  EXPECT_EQ(upstream.counts().requests, 1u);
}

TEST(RedisFaultTest, ARedisWithALogLosesNothing) {
  absl::Notification go_on;
  RawUpstream upstream(Always({WaitFor(go_on), RespondJson(200, kOk42)}));
  RedisServer redis({.settings = {"--appendonly", "yes", "--appendfsync", "always"}});
  const Replicas replicas(redis, upstream.url(), {"idempotency.in_progress_wait=0s"});
  const ServerProcess one = replicas.Start();
  const ServerProcess other = replicas.Start();
  auto call = std::async(std::launch::async, [&] { return one.CreateVsp(VspWithId(1)); });
  EXPECT_TRUE(upstream.WaitForRequests(1));
  redis.Kill();
  redis.Start();
  VspAnswer meanwhile;
  EXPECT_TRUE(Eventually([&] {
    meanwhile = other.CreateVsp(VspWithId(1));
    return meanwhile.reason != "IDEMPOTENCY_STORE_UNAVAILABLE";
  }));
  EXPECT_THAT(meanwhile, IsError(StatusCode::ABORTED, "REQUEST_IN_PROGRESS", "not_applied"));
  go_on.Notify();
  EXPECT_THAT(call.get(), Succeeds());
  EXPECT_TRUE(EventuallySucceeds(other, VspWithId(1)));
  EXPECT_THAT(other.CreateVsp(VspWithId(1)), IsReplayed());
  EXPECT_EQ(upstream.counts().requests, 1u);
}

TEST(RedisFaultTest, ARedisThatForgetsItsScriptsIsToldThemAgain) {
  RawUpstream upstream(Always({RespondJson(200, kOk42)}));
  const RedisServer redis;
  const Replicas replicas(redis, upstream.url());
  const ServerProcess server = replicas.Start();
  EXPECT_THAT(server.CreateVsp(VspWithId(1)), Succeeds());
  redis.Run({"SCRIPT", "FLUSH"});
  EXPECT_THAT(server.CreateVsp(VspWithId(1)), IsReplayed());
  redis.Run({"SCRIPT", "FLUSH"});
  EXPECT_THAT(server.CreateVsp(VspWithId(2)), Succeeds());
  EXPECT_EQ(upstream.counts().requests, 2u);
}

TEST(RedisFaultTest, AWrongPasswordRefusesCallsWithARequestIdAndNoOthers) {
  RawUpstream upstream(Always({RespondJson(200, kOk42)}));
  const RedisServer redis({.password = "right"});
  const TempDir dir;
  const auto with_password = [&](const std::string& password) {
    return Replicas(redis, upstream.url(),
                    {absl::StrCat("redis.password_file=", dir.Write(password, password)), "redis.timeout=500ms"});
  };
  const Replicas locked_out = with_password("wrong");
  const ServerProcess server = locked_out.Start();
  EXPECT_THAT(server.CreateVsp(VspWithId(1)), IsRefused());
  EXPECT_EQ(upstream.counts().requests, 0u);
  EXPECT_THAT(server.CreateVsp(TestGateway::ValidVsp()), Succeeds());
  EXPECT_EQ(upstream.counts().requests, 1u);

  const Replicas let_in = with_password("right");
  EXPECT_TRUE(EventuallySucceeds(let_in.Start(), VspWithId(1)));
  EXPECT_EQ(upstream.counts().requests, 2u);
}

struct Damage {
  const char* name;
  std::vector<std::string> command;  // "KEY" stands for the record's key
};

class DamagedRecordTest : public ::testing::TestWithParam<Damage> {};

TEST_P(DamagedRecordTest, ReadsUnknownInAllReplicasAndIsLogged) {
  RawUpstream upstream(Always({RespondJson(200, kOk42)}));
  const RedisServer redis;
  const Replicas replicas(redis, upstream.url());
  const ServerProcess one = replicas.Start();
  const ServerProcess other = replicas.Start();
  EXPECT_THAT(one.CreateVsp(VspWithId(1)), Succeeds());
  std::vector<std::string> command = GetParam().command;
  command.at(1) = redis.Run({"KEYS", "idem:*"});
  redis.Run(command);
  for (const ServerProcess* server : {&one, &other}) {
    const VspAnswer answer = server->CreateVsp(VspWithId(1));
    EXPECT_THAT(answer, IsError(StatusCode::UNKNOWN, "OUTCOME_UNKNOWN", "unknown"));
    EXPECT_EQ(answer.metadata.count("firstAttemptTime"), 0u);
  }
  EXPECT_EQ(upstream.counts().requests, 1u);
}

INSTANTIATE_TEST_SUITE_P(Kinds, DamagedRecordTest,
                         ::testing::Values(Damage{"AStateThatNobodyKnows", {"HSET", "KEY", "st", "Q"}},
                                           Damage{"DoneWithoutAReply", {"HDEL", "KEY", "res"}},
                                           Damage{"NobodysClaim", {"HDEL", "KEY", "own"}},
                                           Damage{"ATimeThatIsNone", {"HSET", "KEY", "t0", "noon"}},
                                           Damage{"AnEmptyFingerprint", {"HSET", "KEY", "fp", ""}},
                                           Damage{"AString", {"SET", "KEY", "x"}}),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace interaction::testing
