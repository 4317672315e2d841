// What every RecordStore promises.

#include "server/records/record_store.h"

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/matchers.h"
#include "tests/unit/records/record_store_setups.h"

namespace interaction::records {
namespace {

using ::interaction::testing::IsOk;
using ::interaction::testing::IsOkAndHolds;
using ::interaction::testing::StatusIs;
using ::testing::AllOf;
using ::testing::Field;
using ::testing::Ge;
using ::testing::Gt;
using ::testing::Le;

using Claim = RecordStore::Claim;
using Result = RecordStore::ClaimResult;
using Settlement = RecordStore::Settlement;

constexpr absl::Duration kLease = absl::Hours(1);

struct StoreKind {
  const char* name;
  std::unique_ptr<RecordStoreSetup> (*set_up)();
};

class RecordStoreTest : public ::testing::TestWithParam<StoreKind> {
 protected:
  const Digest key_ = DigestOf(1);
  const Digest fingerprint_ = DigestOf(2);
  const std::unique_ptr<RecordStoreSetup> store_ = GetParam().set_up();

  RecordStore::ClaimRequest Request(RecordStore::Owner owner) const { return {key_, fingerprint_, owner, kLease}; }
  RecordStore::ClaimRequest RequestOf(int key, int claim) const {
    return {DigestOf(key), fingerprint_, {.claim = static_cast<uint64_t>(claim)}, kLease};
  }
};

INSTANTIATE_TEST_SUITE_P(, RecordStoreTest,
                         ::testing::Values(StoreKind{"Memory", SetUpMemory}, StoreKind{"Redis", SetUpRedis}),
                         [](const auto& test) { return test.param.name; });

TEST_P(RecordStoreTest, TheFirstClaimGetsTheRecord) {
  EXPECT_THAT(store_->Claim(Request(kA)), ClaimIs(Result::kClaimed));
}

TEST_P(RecordStoreTest, ASecondClaimIsToldHowLongTheFirstMayTake) {
  EXPECT_THAT(store_->Claim(Request(kA)), IsOk());
  store_->Advance(absl::Minutes(20));
  for (const int replica : {0, 1}) {
    EXPECT_THAT(store_->Claim(Request(kB), replica),
                IsOkAndHolds(AllOf(Field(&Claim::result, Result::kInFlight),
                                   Field(&Claim::lease_left, AllOf(Gt(absl::Minutes(39)), Le(absl::Minutes(40)))))));
  }
}

TEST_P(RecordStoreTest, TellsWhenTheFirstAttemptWas) {
  const absl::Time before = store_->WallNow();
  EXPECT_THAT(store_->Claim(Request(kA)), IsOk());
  const auto since_then = AllOf(Ge(before - absl::Milliseconds(1)), Le(store_->WallNow()));
  EXPECT_THAT(store_->Claim(Request(kB)), IsOkAndHolds(Field(&Claim::first_attempt, since_then)));
  EXPECT_THAT(store_->Claim(Request(kB), 1), IsOkAndHolds(Field(&Claim::first_attempt, since_then)));
  EXPECT_THAT(store_->Finish(key_, kA, Settlement::kDone, "reply"), IsOk());
  EXPECT_THAT(store_->Claim(Request(kB)), IsOkAndHolds(Field(&Claim::first_attempt, since_then)));
}

TEST_P(RecordStoreTest, TheSameOwnerMayClaimAgain) {
  EXPECT_THAT(store_->Claim(Request(kA)), ClaimIs(Result::kClaimed));
  EXPECT_THAT(store_->Claim(Request(kA)), ClaimIs(Result::kClaimed));
  EXPECT_THAT(store_->Claim(Request(kA), 1), ClaimIs(Result::kClaimed));
}

TEST_P(RecordStoreTest, ADoneRecordAnswersWithItsReply) {
  EXPECT_THAT(store_->Claim(Request(kA)), IsOk());
  const std::string reply("bytes\0\r\n\xff", 9);
  EXPECT_THAT(store_->Finish(key_, kA, Settlement::kDone, reply), IsOk());
  EXPECT_THAT(store_->Claim(Request(kB)), IsDoneWith(reply));
  EXPECT_THAT(store_->Claim(Request(kA), 1), IsDoneWith(reply));
}

TEST_P(RecordStoreTest, AnEmptyReplyIsAReply) {
  EXPECT_THAT(store_->Claim(Request(kA)), IsOk());
  EXPECT_THAT(store_->Finish(key_, kA, Settlement::kDone, ""), IsOk());
  EXPECT_THAT(store_->Claim(Request(kB)), IsDoneWith(""));
}

TEST_P(RecordStoreTest, AnUnknownRecordStaysUnknown) {
  EXPECT_THAT(store_->Claim(Request(kA)), IsOk());
  EXPECT_THAT(store_->Finish(key_, kA, Settlement::kUnknown), IsOk());
  EXPECT_THAT(store_->Claim(Request(kB)), ClaimIs(Result::kUnknown));
  EXPECT_THAT(store_->Claim(Request(kA), 1), ClaimIs(Result::kUnknown));
}

TEST_P(RecordStoreTest, ALateAnswerMakesAnUnknownRecordDone) {
  EXPECT_THAT(store_->Claim(Request(kA)), IsOk());
  EXPECT_THAT(store_->Finish(key_, kA, Settlement::kUnknown), IsOk());
  EXPECT_THAT(store_->Finish(key_, kA, Settlement::kDone, "late"), IsOk());
  EXPECT_THAT(store_->Claim(Request(kB)), IsDoneWith("late"));
}

TEST_P(RecordStoreTest, DoneIsFinal) {
  EXPECT_THAT(store_->Claim(Request(kA)), IsOk());
  EXPECT_THAT(store_->Finish(key_, kA, Settlement::kDone, "reply"), IsOk());
  EXPECT_THAT(store_->Finish(key_, kA, Settlement::kDone, "other"), IsOk());
  EXPECT_THAT(store_->Finish(key_, kA, Settlement::kUnknown), IsOk());
  EXPECT_THAT(store_->Release(key_, kA), IsOk());
  EXPECT_THAT(store_->Claim(Request(kB)), IsDoneWith("reply"));
}

TEST_P(RecordStoreTest, NobodyTakesOverAClaimWhoseLeaseRanOut) {
  EXPECT_THAT(store_->Claim(Request(kA)), IsOk());
  store_->Advance(kLease);
  EXPECT_THAT(store_->Claim(Request(kB), 1), ClaimIs(Result::kUnknown));
  EXPECT_THAT(store_->Claim(Request(kB)), ClaimIs(Result::kUnknown));
  EXPECT_THAT(store_->Claim(Request(kA)), ClaimIs(Result::kUnknown));
}

TEST_P(RecordStoreTest, TheOwnerMayFinishAfterItsLease) {
  EXPECT_THAT(store_->Claim(Request(kA)), IsOk());
  store_->Advance(kLease);
  EXPECT_THAT(store_->Claim(Request(kB), 1), ClaimIs(Result::kUnknown));
  EXPECT_THAT(store_->Finish(key_, kA, Settlement::kDone, "late"), IsOk());
  EXPECT_THAT(store_->Claim(Request(kB), 1), IsDoneWith("late"));
}

TEST_P(RecordStoreTest, ADifferentRequestIsAMismatchInEveryState) {
  RecordStore::ClaimRequest other = Request(kB);
  other.fingerprint = DigestOf(3);
  EXPECT_THAT(store_->Claim(Request(kA)), IsOk());
  EXPECT_THAT(store_->Claim(other), ClaimIs(Result::kMismatch));
  EXPECT_THAT(store_->Claim(other, 1), ClaimIs(Result::kMismatch));
  EXPECT_THAT(store_->Finish(key_, kA, Settlement::kUnknown), IsOk());
  EXPECT_THAT(store_->Claim(other), ClaimIs(Result::kMismatch));
  EXPECT_THAT(store_->Finish(key_, kA, Settlement::kDone, "reply"), IsOk());
  EXPECT_THAT(store_->Claim(other), ClaimIs(Result::kMismatch));
}

TEST_P(RecordStoreTest, RecordsOfDifferentKeysAreApart) {
  EXPECT_THAT(store_->Claim(Request(kA)), IsOk());
  RecordStore::ClaimRequest other = Request(kB);
  other.key = DigestOf(4);
  EXPECT_THAT(store_->Claim(other), ClaimIs(Result::kClaimed));
}

TEST_P(RecordStoreTest, AReleasedRecordIsFreeForTheNext) {
  EXPECT_THAT(store_->Claim(Request(kA)), IsOk());
  EXPECT_THAT(store_->Release(key_, kA), IsOk());
  EXPECT_THAT(store_->Claim(Request(kB), 1), ClaimIs(Result::kClaimed));
}

TEST_P(RecordStoreTest, NobodyReleasesWhatIsNotTheirs) {
  EXPECT_THAT(store_->Claim(Request(kA)), IsOk());
  EXPECT_THAT(store_->Release(key_, kB, 1), IsOk());
  EXPECT_THAT(store_->Claim(Request(kB), 1), ClaimIs(Result::kInFlight));
}

TEST_P(RecordStoreTest, WhatMayHaveBeenSentIsNotReleased) {
  EXPECT_THAT(store_->Claim(Request(kA)), IsOk());
  store_->Advance(kLease);
  EXPECT_THAT(store_->Release(key_, kA), IsOk());
  EXPECT_THAT(store_->Claim(Request(kB)), ClaimIs(Result::kUnknown));
}

TEST_P(RecordStoreTest, NobodyFinishesWhatIsNotTheirs) {
  EXPECT_THAT(store_->Claim(Request(kA)), IsOk());
  EXPECT_THAT(store_->Finish(key_, kB, Settlement::kDone, "x", 1), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(store_->Claim(Request(kB), 1), ClaimIs(Result::kInFlight));
}

TEST_P(RecordStoreTest, NobodyFinishesWhatIsNotThere) {
  EXPECT_THAT(store_->Finish(key_, kA, Settlement::kDone, "x"), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(store_->Claim(Request(kA)), IsOk());
  EXPECT_THAT(store_->Release(key_, kA), IsOk());
  EXPECT_THAT(store_->Finish(key_, kA, Settlement::kDone, "x"), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(store_->Claim(Request(kB)), ClaimIs(Result::kClaimed));
}

TEST_P(RecordStoreTest, ADoneRecordExpiresAfterItsTime) {
  EXPECT_THAT(store_->Claim(Request(kA)), IsOk());
  EXPECT_THAT(store_->Finish(key_, kA, Settlement::kDone, "reply"), IsOk());
  store_->Advance(kDoneTtl - absl::Minutes(1));
  EXPECT_THAT(store_->Claim(Request(kB)), IsDoneWith("reply"));
  store_->Advance(absl::Minutes(1));
  EXPECT_THAT(store_->Claim(Request(kB)), ClaimIs(Result::kClaimed));
}

TEST_P(RecordStoreTest, AnUnknownRecordExpiresAfterItsTime) {
  EXPECT_THAT(store_->Claim(Request(kA)), IsOk());
  EXPECT_THAT(store_->Finish(key_, kA, Settlement::kUnknown), IsOk());
  store_->Advance(kUnknownTtl - absl::Minutes(1));
  EXPECT_THAT(store_->Claim(Request(kB)), ClaimIs(Result::kUnknown));
  store_->Advance(absl::Minutes(1));
  EXPECT_THAT(store_->Claim(Request(kB)), ClaimIs(Result::kClaimed));
}

TEST_P(RecordStoreTest, AnAbandonedRecordExpiresAsUnknownOnesDoCountedFromItsLease) {
  EXPECT_THAT(store_->Claim(Request(kA)), IsOk());
  store_->Advance(kLease + kUnknownTtl - absl::Minutes(1));
  EXPECT_THAT(store_->Claim(Request(kB)), ClaimIs(Result::kUnknown));
  store_->Advance(absl::Minutes(1));
  EXPECT_THAT(store_->Claim(Request(kB)), ClaimIs(Result::kClaimed));
}

TEST_P(RecordStoreTest, KeepsAReplyOfTheGreatestLength) {
  const std::string reply(RecordStore::kMaxReplyBytes, 'x');
  EXPECT_THAT(store_->Claim(Request(kA)), IsOk());
  EXPECT_THAT(store_->Finish(key_, kA, Settlement::kDone, reply), IsOk());
  EXPECT_THAT(store_->Claim(Request(kB)), IsDoneWith(reply));
}

TEST_P(RecordStoreTest, ALongerReplyLeavesTheRecordUnknown) {
  const std::string reply(RecordStore::kMaxReplyBytes + 1, 'x');
  EXPECT_THAT(store_->Claim(Request(kA)), IsOk());
  EXPECT_THAT(store_->Finish(key_, kA, Settlement::kDone, reply), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(store_->Claim(Request(kB)), ClaimIs(Result::kUnknown));
  EXPECT_THAT(store_->Claim(Request(kB), 1), ClaimIs(Result::kUnknown));
}

TEST_P(RecordStoreTest, OfManyClaimsAtOnceExactlyOneGetsTheRecord) {
  for (int round = 0; round < 20; ++round) {
    std::atomic<int> claimed = 0, in_flight = 0;
    std::vector<std::thread> claimers;
    for (int i = 0; i < 64; ++i) {
      claimers.emplace_back([&, i] {
        const auto claim = store_->Claim(RequestOf(round, i), i % 2);
        ASSERT_THAT(claim, IsOk());
        if (claim->result == Result::kClaimed) ++claimed;
        if (claim->result == Result::kInFlight) ++in_flight;
      });
    }
    for (std::thread& claimer : claimers) claimer.join();
    EXPECT_EQ(claimed, 1);
    EXPECT_EQ(in_flight, 63);
  }
}

}  // namespace
}  // namespace interaction::records
