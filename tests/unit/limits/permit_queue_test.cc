#include "server/limits/permit_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/errors.h"
#include "tests/support/fake_clock.h"
#include "tests/support/matchers.h"

namespace interaction::limits {
namespace {

using ::interaction::testing::FakeClock;
using ::interaction::testing::HasReason;
using ::interaction::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::FieldsAre;
using ::testing::Optional;
using ::testing::Pair;
using Permit = PermitQueue::Permit;

// Somebody in line, or not any more.
class Waiter final : public PermitQueue::Waiter {
 public:
  void OnPermit(absl::StatusOr<Permit> permit) override { result.emplace(std::move(permit)); }

  bool waits() const { return !result.has_value(); }

  std::optional<absl::StatusOr<Permit>> result;
};

class PermitQueueTest : public ::testing::Test {
 protected:
  PermitQueueTest() : PermitQueueTest({.limit = 2, .limit_name = "acme.max_concurrent"}) {}
  explicit PermitQueueTest(const PermitQueueOptions& options) : queue_(options, &clock_, &counters_) {}

  ~PermitQueueTest() override {
    for (Waiter& waiter : waiters_) queue_.Withdraw(&waiter);
  }

  // Gets in line for `key` with ten seconds of time unless told otherwise. The waiter lives as long as the test.
  Waiter& Acquire(absl::string_view key = "key", absl::Duration time = absl::Seconds(10)) {
    Waiter& waiter = waiters_.emplace_back();
    auto permit = queue_.Acquire(key, clock_.SteadyNow() + absl::ToInt64Nanoseconds(time), &waiter);
    if (permit) waiter.result.emplace(*std::move(permit));
    return waiter;
  }

  static void GiveBack(Waiter& waiter) { const Permit last_breath = *std::move(*waiter.result); }

  // The key is parked, as of now.
  void UseUpQuota() { (*Acquire().result)->Settle(Error(Reason::kUpstreamDailyQuota).WithQuota("uses a day")); }

  int64_t Count(telemetry::Counter counter) const { return counters_.Value(counter); }

  FakeClock clock_;
  telemetry::Counters counters_;
  PermitQueue queue_;
  std::deque<Waiter> waiters_;
};

TEST_F(PermitQueueTest, GivesAsManyPermitsAtOnceAsTheLimit) {
  EXPECT_THAT(*Acquire().result, IsOk());
  EXPECT_THAT(*Acquire().result, IsOk());
  EXPECT_TRUE(Acquire().waits());
  EXPECT_EQ(Count(telemetry::Counter::kPermitQueued), 1);
}

TEST_F(PermitQueueTest, CountsKeysSeparately) {
  Acquire("one");
  Acquire("one");
  EXPECT_THAT(*Acquire("other").result, IsOk());
}

TEST_F(PermitQueueTest, GivesAFreePermitToWhoWaitedLongest) {
  Waiter& holder = Acquire();
  Acquire();
  Waiter& first = Acquire();
  Waiter& second = Acquire();
  GiveBack(holder);
  EXPECT_FALSE(first.waits());
  EXPECT_TRUE(second.waits());
  GiveBack(first);
  EXPECT_THAT(*second.result, IsOk());
}

TEST_F(PermitQueueTest, GivesAPermitBackOnceHoweverOftenItMoves) {
  Waiter& holder = Acquire();
  Permit moved = *std::move(*holder.result);
  holder.result.reset();
  Acquire();
  EXPECT_TRUE(Acquire().waits());
}

TEST_F(PermitQueueTest, PassesOverWhoWithdrew) {
  Waiter& holder = Acquire();
  Acquire();
  Waiter& first = Acquire();
  Waiter& second = Acquire();
  EXPECT_TRUE(queue_.Withdraw(&first));
  GiveBack(holder);
  EXPECT_TRUE(first.waits());
  EXPECT_THAT(*second.result, IsOk());
}

TEST_F(PermitQueueTest, LetsNobodyWithdrawWhoHasBeenServed) {
  Waiter& holder = Acquire();
  Acquire();
  Waiter& waiter = Acquire();
  GiveBack(holder);
  EXPECT_FALSE(queue_.Withdraw(&waiter));
}

TEST_F(PermitQueueTest, GivesNoPermitToWhomTheDeadlineHasPassed) {
  Waiter& holder = Acquire();
  Acquire();
  Waiter& late = Acquire("key", absl::Seconds(1));
  Waiter& next = Acquire("key", absl::Seconds(9));
  clock_.Advance(absl::Seconds(2));
  GiveBack(holder);
  EXPECT_THAT(*late.result, HasReason(Reason::kDeadlineBeforeSend));
  EXPECT_THAT(*next.result, IsOk());
  EXPECT_EQ(Count(telemetry::Counter::kPermitExpired), 1);
}

TEST_F(PermitQueueTest, LetsNobodyWaitWhomTheDeadlineHasPassed) {
  Acquire();
  Acquire();
  EXPECT_THAT(*Acquire("key", absl::ZeroDuration()).result, HasReason(Reason::kDeadlineBeforeSend));
}

TEST_F(PermitQueueTest, RefusesAtOnceWhenTheLineIsFull) {
  for (int i = 0; i < 2 + 8; ++i) Acquire();
  const Waiter& refused = Acquire();
  ASSERT_FALSE(refused.waits());
  EXPECT_THAT(*refused.result, HasReason(Reason::kOverloaded));
  const ErrorDetails details = GetErrorDetails(refused.result->status());
  EXPECT_THAT(details.phase, Optional(Phase::kQueue));
  EXPECT_THAT(details.retry_after, Optional(absl::Seconds(1)));
  EXPECT_THAT(details.metadata, ElementsAre(Pair("limit", "acme.max_concurrent")));
  EXPECT_EQ(Count(telemetry::Counter::kPermitRefused), 1);
}

TEST_F(PermitQueueTest, HasRoomAgainWhenSomebodyWithdraws) {
  for (int i = 0; i < 2 + 7; ++i) Acquire();
  Waiter& last = Acquire();
  EXPECT_FALSE(Acquire().waits());
  queue_.Withdraw(&last);
  EXPECT_TRUE(Acquire().waits());
}

class PermitQueueWithFewPlacesTest : public PermitQueueTest {
 protected:
  PermitQueueWithFewPlacesTest() : PermitQueueTest({.limit = 1, .max_waiting = 2}) {}
};

TEST_F(PermitQueueWithFewPlacesTest, BoundsTheWaitersOfAllKeysTogether) {
  for (const char* key : {"a", "b", "c"}) Acquire(key);
  Waiter& first = Acquire("a");
  EXPECT_TRUE(Acquire("b").waits());
  EXPECT_THAT(*Acquire("c").result, HasReason(Reason::kOverloaded));
  queue_.Withdraw(&first);
  EXPECT_TRUE(Acquire("c").waits());
}

TEST_F(PermitQueueTest, RefusesAtOnceWhoWouldWaitBeyondTheDeadline) {
  Waiter& holder = Acquire();
  Acquire();
  clock_.Advance(absl::Seconds(6));
  GiveBack(holder);  // permits are held for 6 s; two of them: one is free every 3 s
  Acquire();
  EXPECT_TRUE(Acquire("key", absl::Seconds(3)).waits());
  const Waiter& refused = Acquire("key", absl::Milliseconds(5999));
  EXPECT_THAT(*refused.result, HasReason(Reason::kOverloaded));
  EXPECT_THAT(GetErrorDetails(refused.result->status()).retry_after, Optional(absl::Seconds(6)));
  EXPECT_TRUE(Acquire("key", absl::Seconds(6)).waits());
}

TEST_F(PermitQueueTest, AsksNobodyToComeBackLaterThanInHalfAMinute) {
  Waiter& holder = Acquire();
  Acquire();
  clock_.Advance(absl::Minutes(10));
  GiveBack(holder);
  Acquire();
  EXPECT_THAT(GetErrorDetails(Acquire().result->status()).retry_after, Optional(absl::Seconds(30)));
}

TEST_F(PermitQueueTest, CountsTheUsesOfTheDay) {
  Waiter& holder = Acquire();
  (*holder.result)->CountUse();
  (*holder.result)->CountUse();
  EXPECT_THAT(queue_.Snapshot(), ElementsAre(FieldsAre("key", 1, 0, 2, false)));
  clock_.JumpWall(absl::Hours(24));
  EXPECT_THAT(queue_.Snapshot(), ElementsAre(FieldsAre("key", 1, 0, 0, false)));
  (*holder.result)->CountUse();
  EXPECT_THAT(queue_.Snapshot(), ElementsAre(FieldsAre("key", 1, 0, 1, false)));
}

TEST_F(PermitQueueTest, ForgetsAKeyThatNobodyUses) {
  GiveBack(Acquire());
  EXPECT_THAT(queue_.Snapshot(), ElementsAre());
}

TEST_F(PermitQueueTest, RemembersUsesForTheDay) {
  Waiter& holder = Acquire("yesterday");
  (*holder.result)->CountUse();
  GiveBack(holder);
  EXPECT_THAT(queue_.Snapshot(), ElementsAre(FieldsAre("yesterday", 0, 0, 1, false)));
  clock_.JumpWall(absl::Hours(24));
  (*Acquire("today").result)->CountUse();
  EXPECT_THAT(queue_.Snapshot(), ElementsAre(FieldsAre("today", 1, 0, 1, false)));
}

class PermitQueueWithFewKeysTest : public PermitQueueTest {
 protected:
  PermitQueueWithFewKeysTest() : PermitQueueTest({.limit = 2, .max_keys = 3}) {}
};

TEST_F(PermitQueueWithFewKeysTest, ForgetsCountsRatherThanGrow) {
  Acquire("active");
  for (int i = 0; i < 100; ++i) {
    Waiter& holder = Acquire(absl::StrCat("used ", i));
    (*holder.result)->CountUse();
    GiveBack(holder);
    EXPECT_LE(queue_.Snapshot().size(), 3);
  }
  Acquire("active");
  EXPECT_TRUE(Acquire("active").waits());
}

class ParkedTest : public PermitQueueTest {};

TEST_F(ParkedTest, RefusesAtOnceWhenTheQuotaIsUsedUp) {
  UseUpQuota();
  clock_.Advance(absl::Minutes(5));
  const Waiter& refused = Acquire();
  ASSERT_FALSE(refused.waits());
  EXPECT_THAT(*refused.result, HasReason(Reason::kUpstreamDailyQuota));
  const ErrorDetails details = GetErrorDetails(refused.result->status());
  EXPECT_EQ(details.quota_subject, "uses a day");
  EXPECT_THAT(details.retry_after, Optional(absl::Minutes(10)));
  EXPECT_THAT(details.metadata, ElementsAre(Pair("parked", "true")));
  EXPECT_EQ(Count(telemetry::Counter::kCredentialParked), 1);
}

TEST_F(ParkedTest, RefusesWhoeverWaits) {
  Waiter& holder = Acquire();
  Acquire();
  const Waiter& waiter = Acquire();
  (*holder.result)->Settle(Error(Reason::kUpstreamDailyQuota));
  EXPECT_THAT(*waiter.result, HasReason(Reason::kUpstreamDailyQuota));
}

TEST_F(ParkedTest, HoldsForOneKeyOnly) {
  UseUpQuota();
  EXPECT_THAT(*Acquire("other").result, IsOk());
}

TEST_F(ParkedTest, IsNoMatterOfOtherErrors) {
  (*Acquire().result)->Settle(Error(Reason::kUpstreamConcurrencyLimit));
  EXPECT_THAT(*Acquire().result, IsOk());
}

TEST_F(ParkedTest, IsNotLongerBecauseOfCallsThatWereUnderWay) {
  Waiter& other = Acquire();
  UseUpQuota();
  clock_.Advance(absl::Minutes(1));
  (*other.result)->Settle(Error(Reason::kUpstreamDailyQuota));
  EXPECT_THAT(GetErrorDetails(Acquire().result->status()).retry_after, Optional(absl::Minutes(14)));
  EXPECT_EQ(Count(telemetry::Counter::kCredentialParked), 1);
}

TEST_F(ParkedTest, IsNotEndedByACallThatWasUnderWay) {
  Waiter& other = Acquire();
  UseUpQuota();
  (*other.result)->Settle(absl::OkStatus());
  EXPECT_THAT(*Acquire().result, HasReason(Reason::kUpstreamDailyQuota));
}

class ProbeTest : public PermitQueueTest {
 protected:
  ProbeTest() {
    UseUpQuota();
    GiveBack(waiters_.back());
    clock_.Advance(absl::Minutes(15));
  }
};

TEST_F(ProbeTest, IsASingleCall) {
  EXPECT_THAT(*Acquire().result, IsOk());
  const Waiter& refused = Acquire();
  EXPECT_THAT(*refused.result, HasReason(Reason::kUpstreamDailyQuota));
  EXPECT_THAT(GetErrorDetails(refused.result->status()).retry_after, Optional(absl::Seconds(1)));
}

TEST_F(ProbeTest, UnparksWhenItSucceeds) {
  (*Acquire().result)->Settle(absl::OkStatus());
  EXPECT_THAT(*Acquire().result, IsOk());
}

TEST_F(ProbeTest, ParksAgainOnTheSameError) {
  Waiter& probe = Acquire();
  (*probe.result)->Settle(Error(Reason::kUpstreamDailyQuota));
  GiveBack(probe);
  EXPECT_THAT(GetErrorDetails(Acquire().result->status()).retry_after, Optional(absl::Minutes(15)));
  clock_.Advance(absl::Minutes(15));
  EXPECT_THAT(*Acquire().result, IsOk());
}

TEST_F(ProbeTest, LeavesItsTurnToTheNextCallWhenItBringsNoNews) {
  Waiter& probe = Acquire();
  (*probe.result)->Settle(Error(Reason::kUpstreamConnectFailed));
  EXPECT_THAT(*Acquire().result, HasReason(Reason::kUpstreamDailyQuota));
  GiveBack(probe);
  EXPECT_THAT(*Acquire().result, IsOk());
  EXPECT_THAT(*Acquire().result, HasReason(Reason::kUpstreamDailyQuota));
}

class UnlimitedTest : public PermitQueueTest {
 protected:
  UnlimitedTest() : PermitQueueTest({.limit = 0}) {}
};

TEST_F(UnlimitedTest, LetsEverybodyPassAndRemembersNothing) {
  for (int i = 0; i < 100; ++i) {
    Waiter& holder = Acquire();
    ASSERT_THAT(*holder.result, IsOk());
    (*holder.result)->CountUse();
    (*holder.result)->Settle(Error(Reason::kUpstreamDailyQuota));
  }
  EXPECT_THAT(queue_.Snapshot(), ElementsAre());
}

}  // namespace
}  // namespace interaction::limits
