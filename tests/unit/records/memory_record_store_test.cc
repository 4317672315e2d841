#include "server/records/memory_record_store.h"

#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/base/errors.h"
#include "tests/support/fake_clock.h"
#include "tests/support/matchers.h"
#include "tests/unit/records/record_store_setups.h"

namespace interaction::records {
namespace {

using ::interaction::testing::FakeClock;
using ::interaction::testing::HasReason;
using ::interaction::testing::IsOk;
using ::interaction::testing::IsOkAndHolds;
using ::testing::Field;
using ::testing::Optional;

using Claim = RecordStore::Claim;
using Result = RecordStore::ClaimResult;
using Settlement = RecordStore::Settlement;

class MemoryRecordStoreTest : public ::testing::Test {
 protected:
  static absl::StatusOr<Claim> MakeClaim(MemoryRecordStore& store, int number,
                                         absl::Duration lease = absl::Minutes(1)) {
    absl::StatusOr<Claim> result = absl::UnknownError("the callback did not run");
    store.MakeClaim({DigestOf(number), DigestOf(0), kA, lease},
                    [&](absl::StatusOr<Claim> claim) { result = std::move(claim); });
    return result;
  }

  static void Finish(MemoryRecordStore& store, int number, Settlement settlement, const std::string& reply = "") {
    store.Finish(DigestOf(number), kA, settlement, reply,
                 [](const absl::Status& status) { EXPECT_THAT(status, IsOk()); });
  }

  static void Release(MemoryRecordStore& store, int number) {
    store.Release(DigestOf(number), kA, [](const absl::Status& status) { EXPECT_THAT(status, IsOk()); });
  }

  FakeClock clock_;
};

TEST_F(MemoryRecordStoreTest, RefusesAClaimWhenItHoldsAsManyAsItMay) {
  MemoryRecordStore store({.max_records = 3}, &clock_);
  for (int i = 0; i < 3; ++i) EXPECT_THAT(MakeClaim(store, i), IsOk());
  const auto refused = MakeClaim(store, 3);
  EXPECT_THAT(refused, HasReason(Reason::kIdempotencyStoreFull));
  EXPECT_THAT(GetErrorDetails(refused.status()).retry_after, Optional(absl::Seconds(1)));
  EXPECT_THAT(GetErrorDetails(refused.status()).phase, Optional(Phase::kStore));
}

TEST_F(MemoryRecordStoreTest, AnswersForTheRecordsItHasWhenItIsFull) {
  MemoryRecordStore store({.max_records = 1}, &clock_);
  EXPECT_THAT(MakeClaim(store, 0), IsOk());
  Finish(store, 0, Settlement::kDone, "reply");
  EXPECT_THAT(MakeClaim(store, 1), HasReason(Reason::kIdempotencyStoreFull));
  EXPECT_THAT(MakeClaim(store, 0), IsOkAndHolds(Field(&Claim::reply, "reply")));
}

TEST_F(MemoryRecordStoreTest, RefusesAClaimWhenItHoldsAsManyBytesAsItMay) {
  MemoryRecordStore store({.max_bytes = 10'000}, &clock_);
  EXPECT_THAT(MakeClaim(store, 0), IsOk());
  Finish(store, 0, Settlement::kDone, std::string(10'000, 'x'));
  EXPECT_THAT(MakeClaim(store, 1), HasReason(Reason::kIdempotencyStoreFull));
}

TEST_F(MemoryRecordStoreTest, TakesClaimsAgainWhenARecordWasReleased) {
  MemoryRecordStore store({.max_records = 1}, &clock_);
  EXPECT_THAT(MakeClaim(store, 0), IsOk());
  Release(store, 0);
  EXPECT_THAT(MakeClaim(store, 1), IsOk());
}

TEST_F(MemoryRecordStoreTest, TakesClaimsAgainAsSoonAsOneRecordHasExpiredWhereverItIs) {
  MemoryRecordStore store({.max_records = 500}, &clock_);
  EXPECT_THAT(MakeClaim(store, 0), IsOk());
  Finish(store, 0, Settlement::kDone, "reply");
  clock_.Advance(absl::Hours(1));
  for (int i = 1; i < 500; ++i) {
    EXPECT_THAT(MakeClaim(store, i), IsOk());
    Finish(store, i, Settlement::kDone, "reply");
  }
  EXPECT_THAT(MakeClaim(store, 500), HasReason(Reason::kIdempotencyStoreFull));
  clock_.Advance(absl::Hours(23));
  EXPECT_THAT(MakeClaim(store, 500), IsOk());
  EXPECT_THAT(MakeClaim(store, 501), HasReason(Reason::kIdempotencyStoreFull));
}

TEST_F(MemoryRecordStoreTest, NeverDropsARecordThatHasNotExpired) {
  MemoryRecordStore store({.max_records = 500}, &clock_);
  for (int i = 0; i < 1000; ++i) (void)MakeClaim(store, i, absl::Hours(1));
  for (int i = 0; i < 500; ++i) EXPECT_THAT(MakeClaim(store, i), IsOkAndHolds(Field(&Claim::result, Result::kClaimed)));
  clock_.Advance(absl::Hours(72));
  for (int i = 0; i < 500; ++i) EXPECT_THAT(MakeClaim(store, i), IsOkAndHolds(Field(&Claim::result, Result::kUnknown)));
}

TEST_F(MemoryRecordStoreTest, CountsWhatItHolds) {
  MemoryRecordStore store({}, &clock_);
  for (int i = 0; i < 10; ++i) EXPECT_THAT(MakeClaim(store, i), IsOk());
  EXPECT_EQ(store.size(), 10);
  const int64_t bytes = store.bytes();
  Finish(store, 0, Settlement::kDone, std::string(1000, 'x'));
  Finish(store, 1, Settlement::kUnknown);
  EXPECT_EQ(store.bytes(), bytes + 1000);
  for (int i = 2; i < 10; ++i) Release(store, i);
  EXPECT_EQ(store.size(), 2);
}

TEST_F(MemoryRecordStoreTest, ComesBackToNothingWhenEverythingHasExpired) {
  MemoryRecordStore store({}, &clock_);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_THAT(MakeClaim(store, i), IsOk());
    if (i % 3 == 0) Finish(store, i, Settlement::kDone, "reply");
    if (i % 3 == 1) Finish(store, i, Settlement::kUnknown);
  }
  clock_.Advance(absl::Hours(73));
  for (int i = 0; i < 2000; ++i) {
    EXPECT_THAT(MakeClaim(store, 10'000 + i), IsOk());
    Release(store, 10'000 + i);
  }
  EXPECT_EQ(store.size(), 0);
  EXPECT_EQ(store.bytes(), 0);
}

TEST_F(MemoryRecordStoreTest, AJumpOfTheWallClockChangesNoLeaseAndNoExpiry) {
  MemoryRecordStore store({}, &clock_);
  EXPECT_THAT(MakeClaim(store, 0), IsOk());
  Finish(store, 0, Settlement::kDone, "reply");
  clock_.JumpWall(absl::Hours(1000));
  EXPECT_THAT(MakeClaim(store, 0), IsOkAndHolds(Field(&Claim::result, Result::kDone)));
  clock_.JumpWall(-absl::Hours(2000));
  EXPECT_THAT(MakeClaim(store, 0), IsOkAndHolds(Field(&Claim::result, Result::kDone)));
}

}  // namespace
}  // namespace interaction::records
