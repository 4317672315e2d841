// What RedisRecordStore does when Redis fails or what is in it is damaged. What it does otherwise:
// record_store_test.cc.

#include "server/records/redis_record_store.h"

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/base/errors.h"
#include "tests/support/await.h"
#include "tests/support/eventually.h"
#include "tests/support/matchers.h"
#include "tests/support/redis_client.h"
#include "tests/support/redis_server.h"
#include "tests/support/sockets.h"
#include "tests/unit/records/record_store_setups.h"

namespace interaction::records {
namespace {

using ::interaction::testing::Await;
using ::interaction::testing::Eventually;
using ::interaction::testing::HasOutcome;
using ::interaction::testing::HasReason;
using ::interaction::testing::IsOk;
using ::interaction::testing::IsOkAndHolds;
using ::interaction::testing::RedisClient;
using ::interaction::testing::RedisServer;
using ::interaction::testing::RefusingPort;
using ::interaction::testing::StatusIs;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::Field;
using ::testing::Gt;
using ::testing::HasSubstr;
using ::testing::Le;
using ::testing::Lt;
using ::testing::Matches;
using ::testing::Optional;

using Claim = RecordStore::Claim;
using Result = RecordStore::ClaimResult;
using Settlement = RecordStore::Settlement;

// One replica: its client and its store.
class Replica {
 public:
  explicit Replica(const redis::ClientOptions& client_options, const RedisRecordStoreOptions& options = {})
      : client_(client_options), store_(options, client_.get(), &clock_, client_.logger()) {}

  absl::StatusOr<Claim> MakeClaim(RecordStore::Owner owner, absl::Duration lease = absl::Minutes(1)) {
    return Await<absl::StatusOr<Claim>>([&](auto done) {
      store_.MakeClaim({DigestOf(1), DigestOf(2), owner, lease}, std::move(done));
    });
  }
  absl::Status Finish(RecordStore::Owner owner, Settlement settlement, const std::string& reply = "") {
    return Await<absl::Status>(
        [&](auto done) { store_.Finish(DigestOf(1), owner, settlement, reply, std::move(done)); });
  }
  absl::Status Release(RecordStore::Owner owner) {
    return Await<absl::Status>([&](auto done) { store_.Release(DigestOf(1), owner, std::move(done)); });
  }

  RedisClient& client() { return client_; }
  RedisRecordStore& store() { return store_; }
  bool Settles() {
    return Eventually([&] { return store_.unsettled() == 0; });
  }

 private:
  RealClock clock_;
  RedisClient client_;
  RedisRecordStore store_;
};

// Where a record is.
std::string Key() { return absl::StrCat("idem:1:{", absl::BytesToHexString(BytesOf(DigestOf(1))), "}"); }

// As in production: a command takes 50 ms at most.
redis::ClientOptions Quick(redis::ClientOptions options) {
  options.operation_timeout = absl::Milliseconds(50);
  return options;
}

auto IsUnavailable() {
  return AllOf(HasReason(Reason::kIdempotencyStoreUnavailable), HasOutcome(Outcome::kNotApplied));
}

TEST(RedisRecordStoreTest, WritesWhatItsHeaderSays) {
  RedisServer server;
  Replica replica(server.client_options());
  EXPECT_THAT(replica.MakeClaim(kA), ClaimIs(Result::kClaimed));
  EXPECT_EQ(server.Run({"HMGET", Key(), "st", "fp", "own"}),
            absl::StrCat("P\n", BytesOf(DigestOf(2)), "\n000000000000000a:1"));
  EXPECT_EQ(server.Run({"HSTRLEN", Key(), "lease"}), "13");
  EXPECT_EQ(server.Run({"HSTRLEN", Key(), "t0"}), "13");
  EXPECT_THAT(replica.Finish(kA, Settlement::kDone, "reply"), IsOk());
  EXPECT_EQ(server.Run({"HMGET", Key(), "st", "res"}), "D\n5782b18687e6cf8areply");
}

TEST(RedisRecordStoreTest, LeavesNothingWithoutAnEnd) {
  RedisServer server;
  Replica replica(server.client_options());
  EXPECT_THAT(replica.MakeClaim(kA), IsOk());
  EXPECT_THAT(std::stoi(server.Run({"TTL", Key()})), AllOf(Gt(259'200), Le(259'260)));
  EXPECT_THAT(replica.Finish(kA, Settlement::kDone, "reply"), IsOk());
  EXPECT_THAT(std::stoi(server.Run({"TTL", Key()})), AllOf(Gt(86'000), Le(86'400)));
}

TEST(RedisRecordStoreTest, ALeaseOfRedisClockEndsByItself) {
  RedisServer server;
  Replica replica(server.client_options()), other(server.client_options());
  EXPECT_THAT(replica.MakeClaim(kA, absl::Milliseconds(20)), ClaimIs(Result::kClaimed));
  EXPECT_TRUE(Eventually([&] { return other.MakeClaim(kB)->result == Result::kUnknown; }));
  EXPECT_EQ(server.Run({"HGET", Key(), "st"}), "U");
}

TEST(RedisRecordStoreTest, WorksAfterTheScriptsWereFlushed) {
  RedisServer server;
  Replica replica(server.client_options());
  server.Run({"SCRIPT", "FLUSH"});
  EXPECT_THAT(replica.MakeClaim(kA), ClaimIs(Result::kClaimed));
  server.Run({"SCRIPT", "FLUSH"});
  EXPECT_THAT(replica.Finish(kA, Settlement::kDone, "reply"), IsOk());
  server.Run({"SCRIPT", "FLUSH"});
  EXPECT_THAT(replica.MakeClaim(kB), IsDoneWith("reply"));
}

// --- Damaged records: never claimed, so never sent again.

struct Damage {
  const char* name;
  std::vector<std::vector<std::string>> commands;
};

class DamagedRecordTest : public ::testing::TestWithParam<Damage> {};

TEST_P(DamagedRecordTest, ReadsUnknown) {
  RedisServer server;
  Replica writer(server.client_options()), reader(server.client_options());
  EXPECT_THAT(writer.MakeClaim(kA), ClaimIs(Result::kClaimed));
  EXPECT_THAT(writer.Finish(kA, Settlement::kDone, "reply"), IsOk());
  for (const std::vector<std::string>& command : GetParam().commands) server.Run(command);
  EXPECT_THAT(reader.MakeClaim(kB), ClaimIs(Result::kUnknown));
  EXPECT_THAT(reader.client().log(), HasSubstr("damaged"));
  EXPECT_THAT(reader.Release(kB), IsOk());
  EXPECT_THAT(reader.MakeClaim(kB), ClaimIs(Result::kUnknown));
}

INSTANTIATE_TEST_SUITE_P(
    , DamagedRecordTest,
    ::testing::Values(
        Damage{"WrongType", {{"DEL", Key()}, {"SET", Key(), "x"}}}, Damage{"NoReply", {{"HDEL", Key(), "res"}}},
        Damage{"AlteredReply", {{"HSET", Key(), "res", "5782b18687e6cf8aother"}}},
        Damage{"ShortReply", {{"HSET", Key(), "res", "68"}}}, Damage{"NoState", {{"HDEL", Key(), "st"}}},
        Damage{"StrangeState", {{"HSET", Key(), "st", "Q"}}}, Damage{"NoFingerprint", {{"HDEL", Key(), "fp"}}},
        Damage{"ShortFingerprint", {{"HSET", Key(), "fp", "x"}}}, Damage{"NoOwner", {{"HDEL", Key(), "own"}}},
        Damage{"NoLease", {{"HDEL", Key(), "lease"}}}, Damage{"LeaseIsNoNumber", {{"HSET", Key(), "lease", "soon"}}},
        Damage{"NoStart", {{"HDEL", Key(), "t0"}}}, Damage{"StartIsNoNumber", {{"HSET", Key(), "t0", "1x"}}}),
    [](const auto& test) { return test.param.name; });

// --- Claims fail closed, and soon.

TEST(RedisRecordStoreFaultsTest, ClaimsFailWithinTwoTimeoutsWhenRedisStandsStill) {
  RedisServer server;
  Replica replica(Quick(server.client_options()));
  EXPECT_TRUE(Eventually([&] { return replica.client().get()->connected(); }));
  server.Pause();
  const absl::Time start = absl::Now();
  const auto claim = replica.MakeClaim(kA);
  EXPECT_THAT(absl::Now() - start, Lt(absl::Milliseconds(150)));
  EXPECT_THAT(claim, IsUnavailable());
  EXPECT_THAT(GetErrorDetails(claim.status()).phase, Optional(Phase::kStore));
  EXPECT_THAT(GetErrorDetails(claim.status()).retry_after, Optional(absl::Seconds(1)));
}

TEST(RedisRecordStoreFaultsTest, ClaimsFailWithoutARedis) {
  RefusingPort nobody;
  redis::ClientOptions options;
  options.port = nobody.port();
  Replica replica(options);
  EXPECT_THAT(replica.MakeClaim(kA), IsUnavailable());
}

TEST(RedisRecordStoreFaultsTest, ClaimsFailWithAWrongPassword) {
  RedisServer server({.password = "right"});
  redis::ClientOptions options = server.client_options();
  options.password = Secret("wrong");
  Replica replica(options);
  EXPECT_THAT(replica.MakeClaim(kA), IsUnavailable());
}

TEST(RedisRecordStoreFaultsTest, ClaimsFailAtARedisThatMayOnlyBeRead) {
  RedisServer server;
  RefusingPort no_master;
  server.Run({"REPLICAOF", "127.0.0.1", std::to_string(no_master.port())});
  Replica replica(server.client_options());
  EXPECT_THAT(replica.MakeClaim(kA), IsUnavailable());
}

TEST(RedisRecordStoreFaultsTest, ClaimsAreRefusedWhenRedisIsFullAndKnownRecordsAreAnswered) {
  RedisServer server;
  Replica replica(server.client_options());
  EXPECT_THAT(replica.MakeClaim(kA), IsOk());
  EXPECT_THAT(replica.Finish(kA, Settlement::kDone, "reply"), IsOk());
  server.Run({"CONFIG", "SET", "maxmemory", "1"});
  EXPECT_THAT(replica.MakeClaim(kB), IsDoneWith("reply"));
  const auto claim = Await<absl::StatusOr<Claim>>([&](auto done) {
    replica.store().MakeClaim({DigestOf(7), DigestOf(2), kB, absl::Minutes(1)}, std::move(done));
  });
  EXPECT_THAT(claim, HasReason(Reason::kIdempotencyStoreFull));
}

TEST(RedisRecordStoreFaultsTest, AClaimThatTimedOutIsTriedOnceMoreByTheSameOwner) {
  RedisServer server;
  redis::ClientOptions options = server.client_options();
  options.operation_timeout = absl::Seconds(1);
  Replica replica(options);
  EXPECT_THAT(replica.client().Run({"PING"}), IsOk());
  server.Pause();
  absl::StatusOr<Claim> claim = absl::UnknownError("not yet");
  std::thread caller([&] { claim = replica.MakeClaim(kA); });
  EXPECT_TRUE(Eventually([&] { return Matches(HasSubstr("did not answer in time"))(replica.client().log()); }));
  server.Resume();
  caller.join();
  EXPECT_THAT(claim, ClaimIs(Result::kClaimed));
}

TEST(RedisRecordStoreFaultsTest, WorksAgainAfterRedisWasRestarted) {
  RedisServer server;
  Replica replica(server.client_options());
  EXPECT_THAT(replica.MakeClaim(kA), IsOk());
  EXPECT_THAT(replica.Release(kA), IsOk());
  server.Kill();
  EXPECT_THAT(replica.MakeClaim(kB), IsUnavailable());
  server.Start();
  EXPECT_TRUE(Eventually([&] { return replica.MakeClaim(kB).ok(); }));
}

// --- The end of a call outlives an outage.

class OutageTest : public ::testing::Test {
 protected:
  OutageTest() {
    EXPECT_THAT(replica_.MakeClaim(kA), ClaimIs(Result::kClaimed));
    EXPECT_TRUE(Eventually([&] { return other_.client().get()->connected(); }));
  }

  RedisServer server_;
  Replica replica_{Quick(server_.client_options())};
  Replica other_{server_.client_options()};
};

TEST_F(OutageTest, AReplyIsWrittenWhenRedisIsBack) {
  server_.Pause();
  EXPECT_THAT(replica_.Finish(kA, Settlement::kDone, "reply"), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(replica_.store().unsettled(), 1);
  server_.Resume();
  EXPECT_TRUE(replica_.Settles());
  EXPECT_THAT(other_.MakeClaim(kB), IsDoneWith("reply"));
}

TEST_F(OutageTest, AReplyAnswersClaimsInItsReplicaMeanwhile) {
  server_.Pause();
  EXPECT_THAT(replica_.Finish(kA, Settlement::kDone, "reply"), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(replica_.MakeClaim(kB), IsDoneWith("reply"));
  server_.Resume();
  EXPECT_TRUE(replica_.Settles());
}

TEST_F(OutageTest, AReplyIsWrittenIntoARedisThatLostTheRecord) {
  server_.Kill();
  EXPECT_THAT(replica_.Finish(kA, Settlement::kDone, "reply"), StatusIs(absl::StatusCode::kUnavailable));
  server_.Start();
  EXPECT_TRUE(replica_.Settles());
  absl::StatusOr<Claim> claim = absl::UnknownError("not yet");
  EXPECT_TRUE(Eventually([&] { return (claim = other_.MakeClaim(kB)).ok(); }));
  EXPECT_THAT(claim, IsDoneWith("reply"));
}

TEST_F(OutageTest, ThatNobodyKnowsIsWrittenIntoARedisThatLostTheRecord) {
  server_.Run({"FLUSHALL"});
  EXPECT_THAT(replica_.Finish(kA, Settlement::kUnknown), IsOk());
  EXPECT_THAT(other_.MakeClaim(kB), ClaimIs(Result::kUnknown));
}

TEST_F(OutageTest, AClaimUnderWayIsNotForgottenInItsReplicaWithRedisData) {
  server_.Run({"FLUSHALL"});
  EXPECT_THAT(replica_.MakeClaim(kB), ClaimIs(Result::kInFlight));
}

TEST_F(OutageTest, ARecordIsReleasedWhenRedisIsBack) {
  server_.Pause();
  EXPECT_THAT(replica_.Release(kA), StatusIs(absl::StatusCode::kUnavailable));
  server_.Resume();
  EXPECT_TRUE(replica_.Settles());
  EXPECT_THAT(other_.MakeClaim(kB), ClaimIs(Result::kClaimed));
}

TEST_F(OutageTest, AClaimThatGotNoAnswerCanBeReleased) {
  EXPECT_THAT(replica_.Release(kA), IsOk());
  server_.Pause();
  EXPECT_THAT(replica_.MakeClaim(kB), IsUnavailable());
  EXPECT_THAT(replica_.Release(kB), StatusIs(absl::StatusCode::kUnavailable));
  server_.Resume();
  EXPECT_TRUE(replica_.Settles());
}

TEST(RedisRecordStoreFaultsTest, GivesUpTellingRedisAfterItsTimeAndSaysSo) {
  RedisServer server;
  Replica replica(Quick(server.client_options()), {.settle_for = absl::Milliseconds(60)});
  EXPECT_THAT(replica.MakeClaim(kA), IsOk());
  server.Pause();
  EXPECT_THAT(replica.Finish(kA, Settlement::kDone, "reply"), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_TRUE(replica.Settles());
  EXPECT_THAT(replica.client().log(), HasSubstr("redis did not save the result of a call"));
  EXPECT_THAT(replica.MakeClaim(kB), IsUnavailable());
}

TEST(RedisRecordStoreFaultsTest, KeepsNoMoreUntoldEndsThanItMay) {
  RedisServer server;
  Replica replica(Quick(server.client_options()), {.max_unsettled_bytes = 100});
  EXPECT_THAT(replica.MakeClaim(kA), IsOk());
  server.Pause();
  EXPECT_THAT(replica.Finish(kA, Settlement::kDone, "reply"), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(replica.store().unsettled(), 0);
}

TEST(RedisRecordStoreFaultsTest, EveryCallbackRunsWhenTheClientEnds) {
  RedisServer server;
  Replica replica(server.client_options());
  EXPECT_THAT(replica.client().Run({"PING"}), IsOk());
  server.Pause();
  std::vector<absl::Status> ends;
  const auto keep = [&ends](const absl::Status& status) { ends.push_back(status); };
  replica.store().MakeClaim({DigestOf(1), DigestOf(2), kA, absl::Minutes(1)},
                            [&](const absl::StatusOr<Claim>& claim) { keep(claim.status()); });
  replica.store().Finish(DigestOf(3), kA, Settlement::kDone, "reply", keep);
  replica.store().Release(DigestOf(4), kA, keep);
  replica.client().Stop();
  EXPECT_EQ(ends.size(), 3u);
  EXPECT_THAT(ends, Each(StatusIs(absl::StatusCode::kUnavailable)));
}

}  // namespace
}  // namespace interaction::records
