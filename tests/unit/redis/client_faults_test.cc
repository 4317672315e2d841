// What a client does when Redis, or the way to it, fails.

#include <atomic>
#include <latch>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/redis/client.h"
#include "tests/support/eventually.h"
#include "tests/support/matchers.h"
#include "tests/support/redis_client.h"
#include "tests/support/redis_server.h"
#include "tests/support/scripted_redis.h"
#include "tests/support/sockets.h"

namespace interaction::redis {
namespace {

using ::interaction::testing::Eventually;
using ::interaction::testing::IsOk;
using ::interaction::testing::IsOkAndHolds;
using ::interaction::testing::RedisClient;
using ::interaction::testing::RedisServer;
using ::interaction::testing::RefusingPort;
using ::interaction::testing::ScriptedRedis;
using ::interaction::testing::SilentPort;
using ::interaction::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::Each;
using ::testing::Field;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::Lt;
using ::testing::Matches;
using ::testing::Not;

// Runs PING, and says how long it took.
absl::Duration TimePing(RedisClient& client, absl::StatusCode expected) {
  const absl::Time start = absl::Now();
  EXPECT_THAT(client.Run({"PING"}), StatusIs(expected));
  return absl::Now() - start;
}

ClientOptions Quick(ClientOptions options) {
  options.operation_timeout = absl::Milliseconds(50);
  return options;
}

TEST(RedisClientFaultsTest, ARedisThatStandsStillCostsOneTimeout) {
  RedisServer server;
  RedisClient client(Quick(server.client_options()));
  EXPECT_TRUE(Eventually([&] { return client.get()->connected(); }));
  server.Pause();
  EXPECT_THAT(TimePing(client, absl::StatusCode::kDeadlineExceeded),
              AllOf(Ge(absl::Milliseconds(50)), Lt(absl::Milliseconds(150))));
  // Nor is the next one held up by the connection that is being made to it.
  EXPECT_THAT(TimePing(client, absl::StatusCode::kDeadlineExceeded), Lt(absl::Milliseconds(150)));
}

// As when ::1 comes first and Redis listens on 127.0.0.1 only.
TEST(RedisClientFaultsTest, AnAddressThatRefusesLeavesTheCommandToTheNextOne) {
  const RedisServer server;
  ClientOptions options = server.client_options();
  options.host = "redis.example.com";
  options.min_backoff = options.max_backoff = absl::Hours(1);
  options.look_up = [&](const std::string&, OnAddresses done) {
    std::move(done)({{"127.0.0.2", server.client_options().host}});
  };
  RedisClient client(options);
  EXPECT_THAT(client.Run({"PING"}), IsOk());
}

TEST(RedisClientFaultsTest, ARedisThatIsBusyCostsOneTimeout) {
  const RedisServer server;
  RedisClient client(Quick(server.client_options()));
  EXPECT_TRUE(Eventually([&] { return client.get()->connected(); }));
  const absl::Time start = absl::Now();
  EXPECT_THAT(client.Run({"DEBUG", "SLEEP", "0.5"}), StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_LT(absl::Now() - start, absl::Milliseconds(150));
}

TEST(RedisClientFaultsTest, ALateReplyIsNobodysAnswer) {
  RedisServer server;
  ClientOptions options = server.client_options();
  options.operation_timeout = absl::Milliseconds(500);
  RedisClient client(options);
  EXPECT_THAT(client.Run({"PING"}), IsOk());
  server.Pause();
  EXPECT_THAT(client.Run({"ECHO", "late"}), StatusIs(absl::StatusCode::kDeadlineExceeded));
  std::latch ended(1);
  client.get()->Run({"ECHO", "next"}, [&](const absl::StatusOr<Reply>& reply) {
    EXPECT_THAT(reply, IsOkAndHolds(Field(&Reply::text, "next")));
    ended.count_down();
  });
  server.Resume();
  ended.wait();
}

TEST(RedisClientFaultsTest, CommandsWaitForTheFirstConnectionWithinTheirTimeout) {
  RedisServer server;
  server.Pause();
  RedisClient client(server.client_options());
  std::latch open(10);
  for (int i = 0; i < 10; ++i) {
    client.get()->Run({"PING"}, [&](const absl::StatusOr<Reply>& reply) {
      EXPECT_THAT(reply, IsOk());
      open.count_down();
    });
  }
  server.Resume();
  open.wait();
}

TEST(RedisClientFaultsTest, FailsAtOnceWhileThereIsNoRedis) {
  RefusingPort nobody;
  ClientOptions options;
  options.port = nobody.port();
  options.operation_timeout = absl::Seconds(60);
  options.min_backoff = absl::Seconds(60);
  options.max_backoff = absl::Seconds(60);
  RedisClient client(options);
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(client.Run({"PING"}), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("Connection refused")));
  }
}

TEST(RedisClientFaultsTest, GivesUpAnAttemptToConnectThatTakesTooLong) {
  SilentPort silence;
  ClientOptions options;
  options.port = silence.port();
  options.operation_timeout = absl::Seconds(60);
  options.connect_timeout = absl::Milliseconds(20);
  RedisClient client(options);
  EXPECT_THAT(client.Run({"PING"}), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("took too long")));
}

TEST(RedisClientFaultsTest, FailsForANameThatDoesNotResolve) {
  ClientOptions options;
  options.host = "redis.invalid";
  options.operation_timeout = absl::Seconds(60);
  options.connect_timeout = absl::Seconds(60);
  RedisClient client(options);
  EXPECT_THAT(client.Run({"PING"}), StatusIs(absl::StatusCode::kUnavailable));
}

TEST(RedisClientFaultsTest, ReplacesALostConnectionBeforeTheNextCommandNotices) {
  const RedisServer server;
  ClientOptions options = server.client_options();
  options.min_backoff = absl::ZeroDuration();  // or a connection that held so shortly would be suspect
  RedisClient client(options);
  EXPECT_THAT(client.Run({"PING"}), IsOk());
  server.Run({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
  EXPECT_TRUE(Eventually([&] { return Matches(HasSubstr("lost the connection"))(client.log()); }));
  EXPECT_THAT(client.Run({"PING"}), IsOk());
}

TEST(RedisClientFaultsTest, FindsARedisAgainThatWasKilledAndRestarted) {
  RedisServer server({.tcp = true});
  RedisClient client(server.client_options());
  EXPECT_THAT(client.Run({"PING"}), IsOk());
  server.Kill();
  EXPECT_TRUE(Eventually([&] { return !client.get()->connected(); }));
  EXPECT_THAT(client.Run({"PING"}), StatusIs(absl::StatusCode::kUnavailable));
  server.Start();
  EXPECT_TRUE(Eventually([&] { return client.Run({"PING"}).ok(); }));
}

TEST(RedisClientFaultsTest, TellsOfAnOutageOnceAndOfItsEnd) {
  RedisServer server;
  RedisClient client(server.client_options());
  EXPECT_THAT(client.Run({"PING"}), IsOk());
  server.Stop();
  EXPECT_TRUE(Eventually([&] { return Matches(HasSubstr("no connection"))(client.log()); }));
  server.Start();
  EXPECT_TRUE(Eventually([&] { return client.Run({"PING"}).ok(); }));
  client.Stop();
  const std::string log = client.log();
  EXPECT_THAT(log, HasSubstr("connected to redis"));
  size_t warnings = 0;
  for (size_t at = 0; (at = log.find("\"level\":\"warning\"", at)) != std::string::npos; ++at) ++warnings;
  EXPECT_EQ(warnings, 1u) << log;
}

TEST(RedisClientFaultsTest, LeavesAReplicaThatHasLostItsPrimary) {
  const RedisServer server({.settings = {"--replica-serve-stale-data", "no"}});
  RedisClient client(server.client_options());
  RefusingPort no_master;
  server.Run({"REPLICAOF", "127.0.0.1", std::to_string(no_master.port())});
  EXPECT_THAT(client.Run({"GET", "key"}), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("MASTERDOWN")));
  EXPECT_TRUE(Eventually([&] { return Matches(HasSubstr("no connection to redis"))(client.log()); }));
  server.Run({"REPLICAOF", "NO", "ONE"});
  EXPECT_TRUE(Eventually([&] { return client.Run({"SET", "key", "x"}).ok(); }));
}

TEST(RedisClientFaultsTest, LeavesARedisThatMayOnlyBeRead) {
  const RedisServer server;
  RedisClient client(server.client_options());
  RefusingPort no_master;
  server.Run({"REPLICAOF", "127.0.0.1", std::to_string(no_master.port())});
  EXPECT_THAT(client.Run({"SET", "key", "x"}), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("READONLY")));
  EXPECT_TRUE(Eventually([&] { return Matches(HasSubstr("READONLY"))(client.log()); }));
  server.Run({"REPLICAOF", "NO", "ONE"});
  EXPECT_TRUE(Eventually([&] { return client.Run({"SET", "key", "x"}).ok(); }));
}

// Redis would have a minute for it.
TEST(RedisClientFaultsTest, AReplyThatIsTooLargeOrNoneEndsTheConnectionAtOnceAndTheErrorSaysSo) {
  const struct {
    std::string answer;
    const char* error;
  } rows[] = {
      {"*2147483648\r\n", "2147483648 elements"},
      {"*2147483647\r\n", "2147483647 elements"},
      {"$2147483648\r\n", "2147483648 bytes"},
      {"$2147483647\r\nx", "2147483647 bytes"},
      {"*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n", "4 deep"},
      {"+" + std::string(70'000, 'x'), "a line without an end"},
      {"HTTP/1.1 400 Bad Request\r\n\r\n", "not a Redis reply"},
  };
  for (const auto& row : rows) {
    const ScriptedRedis redis(row.answer);
    ClientOptions options;
    options.port = redis.port();
    options.operation_timeout = absl::Minutes(1);
    RedisClient client(options);
    const absl::Time start = absl::Now();
    EXPECT_THAT(client.Run({"PING"}), StatusIs(absl::StatusCode::kUnavailable, HasSubstr(row.error)));
    EXPECT_LT(absl::Now() - start, absl::Seconds(2)) << row.answer.substr(0, 20);
    EXPECT_THAT(client.log(), HasSubstr(row.error));
  }
}

TEST(RedisClientFaultsTest, TellsWhyRedisRefuses) {
  const RedisServer server({.settings = {"--user", "default", "on", "nopass", "~*", "+@all", "-zrem"}});
  RedisClient client(server.client_options());
  EXPECT_THAT(client.Run({"ZREM", "key", "s3cret"}), StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_THAT(client.log(), AllOf(HasSubstr(R"("command":"ZREM","error":"NOPERM")"), Not(HasSubstr("s3cret"))));
  EXPECT_THAT(client.Run({"EVAL", "return redis.call('ZREM', 'key', 's3cret')", "0"}),
              StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_THAT(client.log(), AllOf(HasSubstr(R"("command":"EVAL","error":"NOPERM")"), Not(HasSubstr("s3cret"))));
  server.Run({"CONFIG", "SET", "min-replicas-to-write", "1"});
  EXPECT_THAT(client.Run({"SET", "key", "s3cret"}), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(client.log(), AllOf(HasSubstr(R"("command":"SET","error":"NOREPLICAS")"), Not(HasSubstr("s3cret"))));
}

// The log knows of the outage by then, but not of the reason that somebody has to mend.
TEST(RedisClientFaultsTest, TellsThatItIsNotLetInAlsoAfterAnOutage) {
  RedisServer server({.tcp = true, .password = "right"});
  server.Stop();
  ClientOptions options = server.client_options();
  options.password = Secret();
  options.max_backoff = absl::Milliseconds(100);
  RedisClient client(options);
  EXPECT_TRUE(Eventually([&] { return Matches(HasSubstr("Connection refused"))(client.log()); }));
  server.Start();
  EXPECT_TRUE(Eventually([&] { return Matches(ContainsRegex("\"warning\"[^\n]*NOAUTH"))(client.log()); }));
}

TEST(RedisClientFaultsTest, TakesNoMoreCommandsThanItsLimit) {
  RedisServer server;
  ClientOptions options = server.client_options();
  options.max_commands = 10;
  RedisClient client(options);
  EXPECT_THAT(client.Run({"PING"}), IsOk());
  server.Pause();
  std::atomic<int> answered = 0, refused = 0;
  std::latch open(25), early(15);
  for (int i = 0; i < 25; ++i) {
    client.get()->Run({"PING"}, [&](const absl::StatusOr<Reply>& reply) {
      if (reply.ok()) ++answered;
      if (reply.status().code() == absl::StatusCode::kResourceExhausted) {
        ++refused;
        early.count_down();
      }
      open.count_down();
    });
  }
  early.wait();
  server.Resume();
  open.wait();
  EXPECT_EQ(answered, 10);
  EXPECT_EQ(refused, 15);
}

TEST(RedisClientFaultsTest, EndsWhatIsUnderWayWhenItEnds) {
  RedisServer server;
  RedisClient client(server.client_options());
  EXPECT_THAT(client.Run({"PING"}), IsOk());
  server.Pause();
  std::vector<absl::Status> ends;
  for (int i = 0; i < 3; ++i) {
    client.get()->Run({"PING"}, [&ends](const absl::StatusOr<Reply>& reply) { ends.push_back(reply.status()); });
  }
  client.get()->After(absl::Hours(1), [&ends] { ends.push_back(absl::OkStatus()); });
  client.Stop();
  EXPECT_EQ(ends.size(), 3u);
  EXPECT_THAT(ends, Each(StatusIs(absl::StatusCode::kUnavailable)));
}

}  // namespace
}  // namespace interaction::redis
