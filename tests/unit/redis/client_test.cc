#include "server/redis/client.h"

#include <latch>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/matchers.h"
#include "tests/support/redis_client.h"
#include "tests/support/redis_server.h"

namespace interaction::redis {
namespace {

using ::interaction::testing::IsOk;
using ::interaction::testing::IsOkAndHolds;
using ::interaction::testing::RedisClient;
using ::interaction::testing::RedisServer;
using ::interaction::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

using Kind = Reply::Kind;

auto IsText(const std::string& text) { return Reply{.kind = Kind::kString, .text = text}; }
auto IsInteger(int64_t integer) { return Reply{.kind = Kind::kInteger, .integer = integer}; }

TEST(RedisClientTest, ReportsRepliesOfEveryKind) {
  const RedisServer server;
  RedisClient client(server.client_options());
  const std::string binary("a\0\r\n\xff", 5);
  EXPECT_THAT(client.Run({"SET", "key", binary}), IsOkAndHolds(IsText("OK")));
  EXPECT_THAT(client.Run({"GET", "key"}), IsOkAndHolds(IsText(binary)));
  EXPECT_THAT(client.Run({"GET", "nothing"}), IsOkAndHolds(Reply{}));
  EXPECT_THAT(client.Run({"INCR", "count"}), IsOkAndHolds(IsInteger(1)));
  EXPECT_THAT(client.Run({"MGET", "count", "nothing"}),
              IsOkAndHolds(Field(&Reply::elements, ElementsAre(IsText("1"), Reply{}))));
}

TEST(RedisClientTest, AnErrorReplyIsTheErrorOfItsCommandOnly) {
  const RedisServer server;
  RedisClient client(server.client_options());
  EXPECT_THAT(client.Run({"SET", "key", "text"}), IsOk());
  EXPECT_THAT(client.Run({"LPUSH", "key", "x"}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("WRONGTYPE")));
  EXPECT_THAT(client.Run({"GET", "key"}), IsOkAndHolds(IsText("text")));
}

TEST(RedisClientTest, CountsCommandsByHowTheyEndedAndHowLongTheyTook) {
  const RedisServer server;
  RedisClient client(server.client_options());
  ASSERT_THAT(client.Run({"SET", "a", "1"}), IsOk());
  ASSERT_THAT(client.Run({"SET", "b", "2"}), IsOk());
  ASSERT_THAT(client.Run({"HGET", "a", "field"}), Not(IsOk()));

  std::map<std::string, int64_t> commands;
  for (const auto& [error_type, durations] : client.get()->durations()) {
    commands[error_type] = durations.count();
    EXPECT_LT(durations.Quantile(1), 1) << error_type;
  }
  EXPECT_THAT(commands,
              UnorderedElementsAre(Pair("", 2), Pair("error_reply", 1), Pair("timeout", 0), Pair("unavailable", 0)));
}

TEST(RedisClientTest, AnswersManyCommandsAtOnceEachWithItsOwnReply) {
  const RedisServer server;
  RedisClient client(server.client_options());
  constexpr int kCommands = 2000;
  std::vector<std::string> replies(kCommands);
  std::latch open(kCommands);
  for (int i = 0; i < kCommands; ++i) {
    client.get()->Run({"ECHO", absl::StrCat(i)}, [&replies, &open, i](absl::StatusOr<Reply> reply) {
      if (reply.ok()) replies[static_cast<size_t>(i)] = reply->text;
      open.count_down();
    });
  }
  open.wait();
  for (int i = 0; i < kCommands; ++i) EXPECT_EQ(replies[static_cast<size_t>(i)], absl::StrCat(i));
}

TEST(RedisClientTest, RunsCommandsOfManyThreads) {
  const RedisServer server;
  RedisClient client(server.client_options());
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&client] {
      for (int j = 0; j < 100; ++j) EXPECT_THAT(client.Run({"INCR", "count"}), IsOk());
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(server.Run({"GET", "count"}), "800");
}

TEST(RedisClientTest, ACallbackMayRunTheNextCommand) {
  const RedisServer server;
  RedisClient client(server.client_options());
  std::latch ended(1);
  client.get()->Run({"SET", "key", "1"}, [&](const absl::StatusOr<Reply>&) {
    client.get()->Run({"INCR", "key"}, [&](const absl::StatusOr<Reply>& reply) {
      EXPECT_THAT(reply, IsOkAndHolds(IsInteger(2)));
      ended.count_down();
    });
  });
  ended.wait();
}

TEST(RedisClientTest, ConnectsToAHostByItsName) {
  const RedisServer server({.tcp = true});
  ClientOptions options = server.client_options();
  options.host = "localhost";
  RedisClient client(options);
  EXPECT_THAT(client.Run({"PING"}), IsOkAndHolds(IsText("PONG")));
}

TEST(RedisClientTest, WorksInTheConfiguredDatabase) {
  const RedisServer server;
  ClientOptions options = server.client_options();
  options.database = 3;
  RedisClient client(options);
  EXPECT_THAT(client.Run({"SET", "key", "x"}), IsOk());
  EXPECT_THAT(server.Run({"INFO", "keyspace"}), HasSubstr("db3:keys=1"));
}

TEST(RedisClientTest, AuthenticatesWithThePassword) {
  const RedisServer server({.password = "s3cret"});
  RedisClient client(server.client_options());
  EXPECT_THAT(client.Run({"PING"}), IsOk());
}

TEST(RedisClientTest, AuthenticatesAsAUserOfTheAcl) {
  const RedisServer server({.settings = {"--user", "gateway", "on", ">s3cret", "~*", "+@all"}});
  ClientOptions options = server.client_options();
  options.username = "gateway";
  options.password = Secret("s3cret");
  RedisClient client(options);
  EXPECT_THAT(client.Run({"ACL", "WHOAMI"}), IsOkAndHolds(IsText("gateway")));
}

TEST(RedisClientTest, RefusesToWorkWithAWrongPasswordAndDoesNotTellIt) {
  const RedisServer server({.password = "right"});
  ClientOptions options = server.client_options();
  options.password = Secret("wr0ng-s3cret");
  RedisClient client(options);
  const auto reply = client.Run({"PING"});
  EXPECT_THAT(reply, StatusIs(absl::StatusCode::kUnavailable, HasSubstr("AUTH failed, WRONGPASS")));
  EXPECT_FALSE(client.get()->connected());
  client.Stop();
  EXPECT_THAT(client.log(), HasSubstr("AUTH failed, WRONGPASS"));
  EXPECT_THAT(client.log() + std::string(reply.status().message()), Not(HasSubstr("wr0ng")));
}

TEST(RedisClientTest, RefusesToWorkWithoutAPasswordThatIsNeeded) {
  const RedisServer server({.password = "right"});
  ClientOptions options = server.client_options();
  options.password = Secret();
  RedisClient client(options);
  EXPECT_THAT(client.Run({"PING"}), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("NOAUTH")));
}

TEST(RedisClientTest, RefusesToWorkInADatabaseThatIsNotThere) {
  const RedisServer server;
  ClientOptions options = server.client_options();
  options.database = 16;
  RedisClient client(options);
  EXPECT_THAT(client.Run({"SET", "key", "x"}), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("SELECT failed")));
  EXPECT_EQ(server.Run({"DBSIZE"}), "0");
}

TEST(RedisClientTest, WarnsOfARedisThatEvicts) {
  const RedisServer server({.settings = {"--maxmemory-policy", "allkeys-lru"}});
  RedisClient client(server.client_options());
  EXPECT_THAT(client.Run({"PING"}), IsOk());
  EXPECT_THAT(client.log(), HasSubstr("\"maxmemory_policy\":\"allkeys-lru\""));
}

TEST(RedisClientTest, DoesNotWarnOfARedisThatKeepsEverything) {
  const RedisServer server({.settings = {"--maxmemory-policy", "noeviction"}});
  RedisClient client(server.client_options());
  EXPECT_THAT(client.Run({"PING"}), IsOk());
  EXPECT_THAT(client.log(), Not(HasSubstr("maxmemory")));
}

TEST(RedisClientTest, WorksWithARedisThatDoesNotTellItsPolicy) {
  const RedisServer server({.settings = {"--rename-command", "CONFIG", ""}});
  RedisClient client(server.client_options());
  EXPECT_THAT(client.Run({"PING"}), IsOk());
}

TEST(RedisClientTest, RunsTasksWhenTheyAreDueOnTheThreadOfTheCallbacks) {
  const RedisServer server;
  RedisClient client(server.client_options());
  std::vector<std::string> order;
  std::thread::id thread;
  std::latch ended(1);
  client.get()->After(absl::Milliseconds(20), [&] {
    order.push_back("second");
    ended.count_down();
  });
  client.get()->After(absl::Milliseconds(1), [&] {
    order.push_back("first");
    thread = std::this_thread::get_id();
  });
  ended.wait();
  EXPECT_THAT(order, ElementsAre("first", "second"));
  std::latch answered(1);
  client.get()->Run({"PING"}, [&](const absl::StatusOr<Reply>&) {
    EXPECT_EQ(std::this_thread::get_id(), thread);
    answered.count_down();
  });
  answered.wait();
}

}  // namespace
}  // namespace interaction::redis
