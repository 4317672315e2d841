#include "server/limits/redis_permits.h"

#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/await.h"
#include "tests/support/eventually.h"
#include "tests/support/matchers.h"
#include "tests/support/redis_client.h"
#include "tests/support/redis_server.h"
#include "tests/support/sockets.h"

namespace interaction::limits {
namespace {

using ::interaction::testing::Await;
using ::interaction::testing::Eventually;
using ::interaction::testing::IsOk;
using ::interaction::testing::IsOkAndHolds;
using ::interaction::testing::RedisClient;
using ::interaction::testing::RedisServer;
using ::interaction::testing::RefusingPort;
using ::interaction::testing::StatusIs;
using ::testing::AllOf;
using ::testing::Gt;
using ::testing::HasSubstr;
using ::testing::Le;
using ::testing::Not;

using Answer = SharedPermits::Answer;

constexpr absl::Duration kLong = absl::Minutes(5);
constexpr char kKey[] = "token";

bool IsGiven(const absl::StatusOr<Answer>& answer) { return answer.ok() && *answer == Answer::kGiven; }

// Where the holders of a key are.
std::string SetOf(const std::string& key) { return absl::StrCat("sem:1:{", absl::BytesToHexString(key), "}"); }

// Renews often and trusts an empty Redis at once, so that tests need not wait; those that are about it say otherwise.
RedisPermitsOptions Eager() { return {.renew_every = absl::Milliseconds(5), .settle_in = absl::ZeroDuration()}; }

// One replica: its client and its permits.
class Replica {
 public:
  explicit Replica(const RedisServer& server, const RedisPermitsOptions& options = Eager())
      : Replica(server.client_options(), options) {}
  Replica(const redis::ClientOptions& client_options, const RedisPermitsOptions& options)
      : client_(client_options), permits_(options, client_.get(), client_.logger()) {}

  absl::StatusOr<Answer> TryAcquire(const std::string& holder, int limit = 2, absl::Duration lease = kLong) {
    return Await<absl::StatusOr<Answer>>(
        [&](auto done) { permits_.TryAcquire(kKey, holder, limit, lease, std::move(done)); });
  }
  void Hold(const std::string& holder, absl::Duration lease = kLong) { permits_.Hold(kKey, holder, lease); }
  void Release(const std::string& holder) { permits_.Release(kKey, holder); }
  absl::Status Tell() {
    return Await<absl::Status>([&](auto done) { permits_.Tell(std::move(done)); });
  }
  RedisClient& client() { return client_; }

 private:
  RedisClient client_;
  RedisPermits permits_;
};

TEST(RedisPermitsTest, GivesAsManyAsTheLimitOverAllReplicas) {
  RedisServer server;
  Replica one(server), two(server);
  EXPECT_THAT(one.TryAcquire("a"), IsOkAndHolds(Answer::kGiven));
  EXPECT_THAT(two.TryAcquire("b"), IsOkAndHolds(Answer::kGiven));
  EXPECT_THAT(one.TryAcquire("c"), IsOkAndHolds(Answer::kTaken));
  EXPECT_THAT(two.TryAcquire("d"), IsOkAndHolds(Answer::kTaken));
}

TEST(RedisPermitsTest, GivesAReleasedPermitToAnother) {
  RedisServer server;
  Replica one(server), two(server);
  EXPECT_THAT(one.TryAcquire("a", 1), IsOkAndHolds(Answer::kGiven));
  one.Release("a");
  EXPECT_TRUE(Eventually([&] { return IsGiven(two.TryAcquire("b", 1)); }));
  EXPECT_EQ(server.Run({"ZRANGE", SetOf(kKey), "0", "-1"}), "b");
}

TEST(RedisPermitsTest, KeysAreApart) {
  RedisServer server;
  Replica replica(server);
  EXPECT_THAT(replica.TryAcquire("a", 1), IsOkAndHolds(Answer::kGiven));
  RedisPermits others(Eager(), replica.client().get(), replica.client().logger());
  EXPECT_THAT(Await<absl::StatusOr<Answer>>(
                  [&](auto done) { others.TryAcquire("other token", "b", 1, kLong, std::move(done)); }),
              IsOkAndHolds(Answer::kGiven));
}

TEST(RedisPermitsTest, AHolderThatAsksAgainHasItsPermit) {
  RedisServer server;
  Replica replica(server);
  EXPECT_THAT(replica.TryAcquire("a", 1), IsOkAndHolds(Answer::kGiven));
  EXPECT_THAT(replica.TryAcquire("a", 1), IsOkAndHolds(Answer::kGiven));
  EXPECT_EQ(server.Run({"ZCARD", SetOf(kKey)}), "1");
}

TEST(RedisPermitsTest, NeverGivesMoreThanTheLimitToManyAtOnce) {
  RedisServer server;
  Replica one(server), two(server);
  std::atomic<int> holding = 0, most = 0, given = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&, i] {
      Replica& replica = i % 2 == 0 ? one : two;
      for (int j = 0; j < 50; ++j) {
        const std::string holder = absl::StrCat(i, ":", j);
        const auto permit = replica.TryAcquire(holder);
        ASSERT_THAT(permit, IsOk());
        if (*permit != Answer::kGiven) continue;
        const int now = ++holding;
        int seen = most;
        while (now > seen && !most.compare_exchange_weak(seen, now)) {
        }
        ++given;
        --holding;
        replica.Release(holder);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(most, 2);
  EXPECT_GT(given, 2);
  EXPECT_TRUE(Eventually([&] { return server.Run({"EXISTS", SetOf(kKey)}) == "0"; }));
}

TEST(RedisPermitsTest, APermitOfAReplicaThatDiedComesBackWithItsLease) {
  RedisServer server;
  Replica survivor(server);
  {
    Replica dies(server);
    EXPECT_THAT(dies.TryAcquire("a", 1, absl::Milliseconds(50)), IsOkAndHolds(Answer::kGiven));
  }
  EXPECT_TRUE(Eventually([&] { return IsGiven(survivor.TryAcquire("b", 1)); }));
}

TEST(RedisPermitsTest, APermitIsHeldForLongerThanItsLeaseAsLongAsItsReplicaLives) {
  RedisServer server;
  Replica one(server), two(server);
  EXPECT_THAT(one.TryAcquire("a", 1, absl::Milliseconds(200)), IsOkAndHolds(Answer::kGiven));
  const std::string first_end = server.Run({"ZSCORE", SetOf(kKey), "a"});
  const auto end = [&] { return std::stoll(server.Run({"ZSCORE", SetOf(kKey), "a"})); };
  EXPECT_TRUE(Eventually([&] { return end() > std::stoll(first_end) + 300; }));
  EXPECT_THAT(two.TryAcquire("b", 1), IsOkAndHolds(Answer::kTaken));
}

TEST(RedisPermitsTest, LeavesNothingWithoutAnEnd) {
  RedisServer server;
  Replica replica(server);
  EXPECT_THAT(replica.TryAcquire("a", 2, absl::Seconds(30)), IsOkAndHolds(Answer::kGiven));
  EXPECT_THAT(std::stoi(server.Run({"PTTL", SetOf(kKey)})), AllOf(Gt(20'000), Le(30'000)));
}

// --- A Redis that lost its data.

TEST(RedisPermitsLossTest, AnEmptyRedisIsToldOfEveryHolder) {
  RedisServer server;
  Replica one(server), two(server);
  EXPECT_THAT(one.TryAcquire("a"), IsOkAndHolds(Answer::kGiven));
  EXPECT_THAT(two.TryAcquire("b"), IsOkAndHolds(Answer::kGiven));
  server.Kill();
  server.Start();
  EXPECT_TRUE(Eventually([&] { return server.Run({"ZRANGE", SetOf(kKey), "0", "-1"}) == "a\nb"; }));
  EXPECT_THAT(one.TryAcquire("c"), IsOkAndHolds(Answer::kTaken));
}

TEST(RedisPermitsLossTest, AnEmptyRedisIsSettlingUntilHoldersHadTimeToRenewAndTheLogSaysSo) {
  RedisServer server;
  Replica replica(server, {.renew_every = absl::Milliseconds(5), .settle_in = absl::Milliseconds(300)});
  EXPECT_THAT(replica.TryAcquire("a"), IsOkAndHolds(Answer::kSettling));
  EXPECT_THAT(replica.client().log(), HasSubstr("redis is empty"));
  EXPECT_TRUE(Eventually([&] { return IsGiven(replica.TryAcquire("a")); }));
  server.Run({"FLUSHALL"});
  EXPECT_THAT(replica.TryAcquire("b"), IsOkAndHolds(Answer::kSettling));
  EXPECT_TRUE(Eventually([&] { return IsGiven(replica.TryAcquire("b")); }));
}

TEST(RedisPermitsLossTest, TheTimeToRenewBeginsWithoutACall) {
  RedisServer server;
  Replica replica(server);
  EXPECT_TRUE(Eventually([&] { return server.Run({"EXISTS", "sem:1:born"}) == "1"; }));
}

TEST(RedisPermitsLossTest, ABirthInTheFutureIsNotBelieved) {
  RedisServer server;
  server.Run({"SET", "sem:1:born", "99999999999999"});
  Replica replica(server, {.renew_every = absl::Hours(1), .settle_in = absl::Milliseconds(1)});
  EXPECT_TRUE(Eventually([&] { return IsGiven(replica.TryAcquire("a")); }));
}

// --- Holders that did not ask.

RedisPermitsOptions TellingOnlyWhenAsked() {
  return {.renew_every = absl::Hours(1), .settle_in = absl::ZeroDuration()};
}

TEST(RedisPermitsHoldTest, CountsInAllReplicasWhateverTheLimit) {
  RedisServer server;
  Replica one(server), two(server);
  EXPECT_THAT(one.TryAcquire("a", 1), IsOkAndHolds(Answer::kGiven));
  one.Hold("b");
  EXPECT_THAT(one.Tell(), IsOk());
  EXPECT_EQ(server.Run({"ZRANGE", SetOf(kKey), "0", "-1"}), "a\nb");
  one.Release("a");
  EXPECT_TRUE(Eventually([&] { return server.Run({"ZCARD", SetOf(kKey)}) == "1"; }));
  EXPECT_THAT(two.TryAcquire("c", 1), IsOkAndHolds(Answer::kTaken));
  one.Release("b");
  EXPECT_TRUE(Eventually([&] { return IsGiven(two.TryAcquire("c", 1)); }));
}

TEST(RedisPermitsHoldTest, ARedisThatAnswersIsToldAtOnce) {
  RedisServer server;
  Replica replica(server, TellingOnlyWhenAsked());
  EXPECT_THAT(replica.Tell(), IsOk());
  replica.Hold("a");
  EXPECT_TRUE(Eventually([&] { return server.Run({"ZCARD", SetOf(kKey)}) == "1"; }));
}

TEST(RedisPermitsHoldTest, ARedisThatComesBackIsTold) {
  RedisServer server;
  Replica replica(server);
  EXPECT_TRUE(Eventually([&] { return replica.Tell().ok(); }));
  server.Stop();
  EXPECT_TRUE(Eventually([&] { return !replica.Tell().ok(); }));
  replica.Hold("ended");
  replica.Release("ended");
  replica.Hold("a");
  server.Start();
  EXPECT_TRUE(Eventually([&] { return replica.Tell().ok(); }));
  EXPECT_EQ(server.Run({"ZRANGE", SetOf(kKey), "0", "-1"}), "a");
}

// --- A Redis that does not answer.

TEST(RedisPermitsFaultsTest, TellsNothingToARedisThatRefuses) {
  RedisServer server;
  Replica replica(server);
  replica.Hold("a");
  server.Run({"CONFIG", "SET", "min-replicas-to-write", "1"});
  EXPECT_THAT(replica.Tell(), StatusIs(absl::StatusCode::kUnavailable));
  server.Run({"CONFIG", "SET", "min-replicas-to-write", "0"});
  EXPECT_THAT(replica.Tell(), IsOk());
}

TEST(RedisPermitsFaultsTest, FailsWhenRedisDoesNotAnswer) {
  RedisServer server;
  redis::ClientOptions options = server.client_options();
  options.operation_timeout = absl::Milliseconds(50);
  Replica replica(options, Eager());
  server.Pause();
  EXPECT_THAT(replica.TryAcquire("a"), StatusIs(absl::StatusCode::kUnavailable));
}

TEST(RedisPermitsFaultsTest, FailsWhenSomethingElseIsAtTheKey) {
  RedisServer server;
  server.Run({"SET", SetOf(kKey), "x"});
  Replica replica(server);
  EXPECT_THAT(replica.TryAcquire("a"), StatusIs(absl::StatusCode::kUnavailable));
}

TEST(RedisPermitsFaultsTest, AReleaseThatRedisDidNotTakeIsRepeated) {
  RedisServer server;
  Replica replica(server);
  EXPECT_THAT(replica.TryAcquire("a"), IsOkAndHolds(Answer::kGiven));
  const RefusingPort no_master;
  server.Run({"REPLICAOF", "127.0.0.1", absl::StrCat(no_master.port())});  // from here on it may only be read
  replica.Release("a");
  EXPECT_THAT(replica.client().Run({"SET", "x", "y"}), Not(IsOk()));  // by now the release has failed as well
  server.Run({"REPLICAOF", "NO", "ONE"});
  EXPECT_TRUE(Eventually([&] { return server.Run({"EXISTS", SetOf(kKey)}) == "0"; }));
}

TEST(RedisPermitsFaultsTest, WorksAfterTheScriptsWereFlushed) {
  RedisServer server;
  Replica replica(server);
  EXPECT_THAT(replica.TryAcquire("a"), IsOkAndHolds(Answer::kGiven));
  server.Run({"SCRIPT", "FLUSH"});
  EXPECT_THAT(replica.TryAcquire("b"), IsOkAndHolds(Answer::kGiven));
}

}  // namespace
}  // namespace interaction::limits
