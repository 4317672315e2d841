#include "server/limits/permits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/base/errors.h"
#include "tests/support/fake_clock.h"
#include "tests/support/matchers.h"
#include "tests/unit/lane/test_lane.h"

namespace interaction::limits {
namespace {

using ::interaction::testing::FakeClock;
using ::interaction::testing::HasReason;
using ::interaction::testing::IsOk;
using ::interaction::testing::TestLane;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr absl::Duration kLease = absl::Seconds(35);
constexpr absl::Duration kMaxLease = absl::Seconds(75);
constexpr absl::Duration kSettleIn = absl::Seconds(5);
constexpr absl::Duration kPoll = absl::Milliseconds(60);

// A store in which others may hold permits too. Used on the lane, where it answers at once, unless it hangs.
class FakeStore final : public SharedPermits {
 public:
  void TryAcquire(std::string key, std::string holder, int limit, absl::Duration,
                  absl::AnyInvocable<void(absl::StatusOr<Answer>) &&> done) override {
    asked.push_back(holder);
    if (hangs) return hanging.push_back(std::move(done));
    if (down) return std::move(done)(absl::UnavailableError("no answer"));
    if (settling) return std::move(done)(Answer::kSettling);
    std::set<std::string>& holders = held[key];
    const bool given = static_cast<int>(holders.size()) < limit;
    if (given) holders.insert(holder);
    std::move(done)(given ? Answer::kGiven : Answer::kTaken);
  }

  void Hold(std::string key, std::string holder, absl::Duration) override { untold[key].insert(holder); }

  void Release(std::string key, std::string holder) override {
    released.push_back(holder);
    held[key].erase(holder);
    untold[key].erase(holder);
  }

  void Tell(absl::AnyInvocable<void(absl::Status) &&> done) override {
    ++times_told;
    if (down) return std::move(done)(absl::UnavailableError("no answer"));
    for (auto& [key, holders] : untold) held[key].merge(holders);
    std::move(done)(absl::OkStatus());
  }

  bool down = false;
  bool settling = false;
  bool hangs = false;
  std::map<std::string, std::set<std::string>> held;
  std::map<std::string, std::set<std::string>> untold;  // held without the store's knowledge
  std::vector<std::string> asked;
  std::vector<std::string> released;
  std::vector<absl::AnyInvocable<void(absl::StatusOr<Answer>) &&>> hanging;
  int times_told = 0;
};

struct Call {
  bool waits() const { return !permit.has_value(); }

  lane::Cancellation cancellation;
  std::optional<absl::StatusOr<Permits::Permit>> permit;
  std::thread::id thread;
};

class PermitsTest : public ::testing::Test {
 protected:
  // Alone, two at once.
  PermitsTest() : PermitsTest({.queue = {.limit = 2}}, nullptr) {}
  PermitsTest(const PermitsOptions& options, SharedPermits* store)
      : permits_(
            options, &clock_, store, [] { return 0.5; }, &counters_) {}

  ~PermitsTest() override { EndAll(); }

  void EndAll() {
    lane_.Run([this] {
      for (Call& call : calls_) call.cancellation.Cancel(lane::CancelCause::kShutdown);
    });
    lane_.Run([this] { calls_.clear(); });
  }

  // A call that asks for a permit on a lane.
  Call& Begin(TestLane& lane, absl::Duration time = absl::Seconds(10), const std::string& key = "key") {
    Call& call = calls_.emplace_back();
    const SteadyTime deadline = clock_.SteadyNow() + absl::ToInt64Nanoseconds(time);
    lane.Run([&] { lane::Spawn(Acquire(&permits_, lane.get(), key, deadline, &call)); });
    return call;
  }
  Call& Begin(absl::Duration time = absl::Seconds(10)) { return Begin(lane_, time); }
  Call& Begin(const std::string& key) { return Begin(lane_, absl::Seconds(10), key); }

  void End(Call& call) {
    lane_.Run([&] { call.permit.reset(); });
  }

  void Advance(absl::Duration time) {
    lane_.Run([&] { clock_.Advance(time); });
  }

  static lane::Task<void> Acquire(Permits* permits, lane::Lane* lane, std::string key, SteadyTime deadline,
                                  Call* call) {
    auto acquire = permits->Acquire(lane, std::move(key), deadline, kLease, &call->cancellation);
    auto permit = co_await acquire;
    call->permit.emplace(std::move(permit));
    call->thread = std::this_thread::get_id();
  }

  FakeClock clock_;
  telemetry::Counters counters_;
  Permits permits_;
  std::deque<Call> calls_;
  TestLane lane_{&clock_};
};

TEST_F(PermitsTest, GivesPermitsInTheOrderInWhichCallsCame) {
  Call& holder = Begin();
  EXPECT_THAT(*holder.permit, IsOk());
  EXPECT_THAT(*Begin().permit, IsOk());
  Call& first = Begin();
  Call& second = Begin();
  EXPECT_TRUE(first.waits());
  End(holder);
  EXPECT_THAT(*first.permit, IsOk());
  EXPECT_TRUE(second.waits());
}

TEST_F(PermitsTest, HandsAPermitOverToTheLaneOfWhoWaits) {
  TestLane other(&clock_);
  std::thread::id other_thread;
  other.Run([&] { other_thread = std::this_thread::get_id(); });
  Call& holder = Begin();
  Begin();
  Call& waiter = Begin(other);
  End(holder);
  other.Run([] {});
  EXPECT_THAT(*waiter.permit, IsOk());
  EXPECT_EQ(waiter.thread, other_thread);
}

TEST_F(PermitsTest, EndsTheWaitAtTheDeadline) {
  Begin();
  Begin();
  Call& waiter = Begin(absl::Seconds(3));
  Advance(absl::Seconds(3) - absl::Milliseconds(1));
  EXPECT_TRUE(waiter.waits());
  Advance(absl::Milliseconds(1));
  EXPECT_THAT(*waiter.permit, HasReason(Reason::kDeadlineBeforeSend));
  EXPECT_EQ(counters_.Value(telemetry::Counter::kPermitExpired), 1);
}

TEST_F(PermitsTest, EndsTheWaitOfACallThatIsCancelled) {
  Call& holder = Begin();
  Begin();
  Call& cancelled = Begin();
  Call& next = Begin();
  lane_.Run([&] { cancelled.cancellation.Cancel(lane::CancelCause::kCaller); });
  EXPECT_THAT(*cancelled.permit, HasReason(Reason::kCancelledBeforeSend));
  End(holder);
  EXPECT_THAT(*next.permit, IsOk());
}

TEST_F(PermitsTest, GivesNothingToACallThatIsCancelledAlready) {
  Call& call = calls_.emplace_back();
  call.cancellation.Cancel(lane::CancelCause::kShutdown);
  lane_.Run([&] { lane::Spawn(Acquire(&permits_, lane_.get(), "key", clock_.SteadyNow() + 1, &call)); });
  EXPECT_THAT(*call.permit, HasReason(Reason::kServerDraining));
}

// The permit is on its way to the lane when the call is cancelled there.
TEST_F(PermitsTest, PassesOnAPermitThatComesTooLate) {
  Call& holder = Begin();
  Begin();
  Call& cancelled = Begin();
  Call& next = Begin();
  lane_.Run([&] {
    holder.permit.reset();
    cancelled.cancellation.Cancel(lane::CancelCause::kCaller);
  });
  EXPECT_THAT(*cancelled.permit, HasReason(Reason::kCancelledBeforeSend));
  EXPECT_THAT(*next.permit, IsOk());
}

// The permit is on its way to the lane when the deadline passes.
TEST_F(PermitsTest, LosesNoPermitThatCameJustInTime) {
  Call& holder = Begin();
  Begin();
  Call& waiter = Begin(absl::Seconds(3));
  lane_.Run([&] {
    holder.permit.reset();
    clock_.Advance(absl::Seconds(3));
  });
  EXPECT_THAT(*waiter.permit, IsOk());
}

TEST_F(PermitsTest, PassesOnWhatThePermitIsTold) {
  Call& call = Begin();
  lane_.Run([&] {
    (*call.permit)->CountUse();
    (*call.permit)->Settle(Error(Reason::kUpstreamDailyQuota));
  });
  const auto states = permits_.Snapshot();
  ASSERT_THAT(states, SizeIs(1));
  EXPECT_EQ(states[0].uses_today, 1);
  EXPECT_TRUE(states[0].parked);
}

// Two replicas, four permits: a share of two.
class SharedPermitsTest : public PermitsTest {
 protected:
  SharedPermitsTest() : SharedPermitsTest(4) {}
  explicit SharedPermitsTest(int limit, absl::Duration wait_for_store = absl::ZeroDuration())
      : PermitsTest({.queue = {.limit = limit, .limit_name = "limit"},
                     .replicas = 2,
                     .replica = "pod-1",
                     .wait_for_store = wait_for_store,
                     .settle_in = kSettleIn},
                    &store_) {}
  ~SharedPermitsTest() override { EndAll(); }  // before the store does

  // All replicas but this one hold so many.
  void OthersHold(int permits) {
    store_.held["key"].clear();
    for (int i = 0; i < permits; ++i) store_.held["key"].insert(absl::StrCat("pod-2:", i));
  }

  // A call has noticed that the store does not answer.
  void LoseTheStore() {
    store_.down = true;
    End(Begin());
    store_.asked.clear();
    store_.released.clear();
  }

  // A call has found that the store answers again.
  void FindTheStore() {
    store_.down = false;
    Advance(absl::Seconds(1));
    End(Begin());
  }

  FakeStore store_;
};

TEST_F(SharedPermitsTest, HoldsAPermitOfTheStoreForEachOfItsOwn) {
  Call& call = Begin();
  EXPECT_THAT(*call.permit, IsOk());
  EXPECT_THAT(store_.held["key"], ElementsAre("pod-1:0"));
  End(call);
  EXPECT_THAT(store_.held["key"], IsEmpty());
}

TEST_F(SharedPermitsTest, AsksAgainUntilAnotherReplicaGivesAPermitBack) {
  OthersHold(4);
  Call& call = Begin();
  Advance(kPoll);
  EXPECT_TRUE(call.waits());
  OthersHold(3);
  Advance(kPoll - absl::Milliseconds(1));
  EXPECT_TRUE(call.waits());
  Advance(absl::Milliseconds(1));
  EXPECT_THAT(*call.permit, IsOk());
}

TEST_F(SharedPermitsTest, AsksUntilTheDeadline) {
  OthersHold(4);
  Call& call = Begin(absl::Seconds(1));
  Advance(absl::Milliseconds(999));
  EXPECT_TRUE(call.waits());
  Advance(absl::Milliseconds(1));
  EXPECT_THAT(*call.permit, HasReason(Reason::kDeadlineBeforeSend));
}

TEST_F(SharedPermitsTest, StopsAskingWhenTheCallIsCancelled) {
  OthersHold(4);
  Call& call = Begin();
  lane_.Run([&] { call.cancellation.Cancel(lane::CancelCause::kCaller); });
  EXPECT_THAT(*call.permit, HasReason(Reason::kCancelledBeforeSend));
}

TEST_F(SharedPermitsTest, GivesBackWhatTheStoreMayHaveGivenWithoutAnswering) {
  store_.down = true;
  Begin();
  EXPECT_THAT(store_.asked, ElementsAre("pod-1:0"));
  EXPECT_THAT(store_.released, ElementsAre("pod-1:0"));
}

// --- The store is gone.

TEST_F(SharedPermitsTest, GoesOnAtOnceWithItsShareWhenTheStoreFails) {
  store_.down = true;
  Call& first = Begin();
  Call& second = Begin();
  Call& third = Begin();
  EXPECT_THAT(*first.permit, IsOk());
  EXPECT_THAT(*second.permit, IsOk());
  EXPECT_TRUE(third.waits());
  EXPECT_EQ(counters_.Value(telemetry::Counter::kSharedPermitFallback), 2);
  End(first);
  Advance(kPoll);
  EXPECT_THAT(*third.permit, IsOk());
}

TEST_F(SharedPermitsTest, OnlyOneCallWaitsForAStoreThatHangs) {
  store_.hangs = true;
  Call& first = Begin();
  EXPECT_TRUE(first.waits());
  lane_.Run([&] { std::move(store_.hanging.back())(absl::UnavailableError("no answer in time")); });
  EXPECT_THAT(*first.permit, IsOk());
  EXPECT_THAT(*Begin().permit, IsOk());
  End(first);
  Advance(absl::Seconds(2));
  EXPECT_THAT(*Begin().permit, IsOk());
  EXPECT_THAT(store_.asked, SizeIs(1));
}

TEST_F(SharedPermitsTest, CountsWhatTheStoreGaveBeforeAmongItsShare) {
  Call& before = Begin();
  LoseTheStore();
  Call& first = Begin();
  Call& second = Begin();
  EXPECT_THAT(*first.permit, IsOk());
  EXPECT_TRUE(second.waits());
  End(before);
  Advance(kPoll);
  EXPECT_THAT(*second.permit, IsOk());
}

TEST_F(SharedPermitsTest, KeysHaveSharesOfTheirOwn) {
  LoseTheStore();
  Begin();
  Begin();
  EXPECT_TRUE(Begin().waits());
  EXPECT_THAT(*Begin("other").permit, IsOk());
}

TEST_F(SharedPermitsTest, TellsALostStoreOnceASecond) {
  LoseTheStore();
  for (int i = 0; i < 20; ++i) {
    End(Begin());
    Advance(absl::Milliseconds(100));
  }
  EXPECT_EQ(store_.times_told, 1);
  EXPECT_THAT(store_.asked, IsEmpty());
  End(Begin());
  EXPECT_EQ(store_.times_told, 2);
}

TEST_F(SharedPermitsTest, AStoreThatAnswersAgainKnowsOfTheCallsThatWentOnWithoutIt) {
  LoseTheStore();
  Call& unknown_to_store = Begin();
  FindTheStore();
  EXPECT_THAT(store_.held["key"], SizeIs(1));
  End(unknown_to_store);
  EXPECT_THAT(store_.held["key"], IsEmpty());
}

TEST_F(SharedPermitsTest, ReturnsToTheStoreButKeepsToItsShareUntilTheOthersHaveToldTheStore) {
  LoseTheStore();
  FindTheStore();
  Call& first = Begin();
  Call& second = Begin();
  Call& beyond_share = Begin();
  EXPECT_THAT(*first.permit, IsOk());
  EXPECT_THAT(*second.permit, IsOk());
  EXPECT_THAT(store_.held["key"], SizeIs(2));
  EXPECT_TRUE(beyond_share.waits());
  Advance(kSettleIn);
  EXPECT_THAT(*beyond_share.permit, IsOk());
  EXPECT_THAT(store_.held["key"], SizeIs(3));
}

TEST_F(SharedPermitsTest, AStoreThatWasLostGivesNoMoreThanItsLimit) {
  LoseTheStore();
  FindTheStore();
  OthersHold(4);
  EXPECT_TRUE(Begin().waits());
}

TEST_F(SharedPermitsTest, AnEmptyStoreLetsCallsGoOnWithTheShareAtOnce) {
  store_.settling = true;
  Call& first = Begin();
  EXPECT_THAT(*first.permit, IsOk());
  EXPECT_THAT(*Begin().permit, IsOk());
  EXPECT_TRUE(Begin().waits());
  EXPECT_THAT(store_.untold["key"], SizeIs(2));
  store_.settling = false;
  Advance(kPoll);
  EXPECT_FALSE(calls_.back().waits());
}

TEST_F(SharedPermitsTest, AnErrorSaysThatTheStoreIsGone) {
  LoseTheStore();
  Begin();
  Begin();
  Call& third = Begin(absl::Seconds(1));
  Advance(absl::Seconds(1));
  EXPECT_THAT(*third.permit, HasReason(Reason::kDeadlineBeforeSend));
  EXPECT_THAT(GetErrorDetails(third.permit->status()).metadata, Contains(Pair("redis", "unavailable")));
}

TEST_F(SharedPermitsTest, AnErrorSaysNothingOfAStoreThatAnswers) {
  OthersHold(4);
  Call& call = Begin(absl::Seconds(1));
  Advance(absl::Seconds(1));
  EXPECT_THAT(GetErrorDetails(call.permit->status()).metadata, Not(Contains(Pair("redis", ::testing::_))));
}

// --- The same where calls wait for the store.

class PatientSharedPermitsTest : public SharedPermitsTest {
 protected:
  PatientSharedPermitsTest() : SharedPermitsTest(4, kMaxLease) {}
};

TEST_F(PatientSharedPermitsTest, WaitsForTheStoreWhilePermitsOfItsMayBeInUse) {
  store_.down = true;
  Call& call = Begin(kMaxLease + absl::Seconds(1));
  Advance(kMaxLease - absl::Seconds(1));
  EXPECT_TRUE(call.waits());
  store_.down = false;
  Advance(kPoll);
  EXPECT_THAT(*call.permit, IsOk());
  EXPECT_EQ(counters_.Value(telemetry::Counter::kSharedPermitFallback), 0);
}

TEST_F(PatientSharedPermitsTest, TakesItsShareWhenNoPermitOfTheStoreCanBeInUse) {
  store_.down = true;
  Call& first = Begin(2 * kMaxLease);
  Call& second = Begin(2 * kMaxLease);
  Call& third = Begin(2 * kMaxLease);
  Advance(kMaxLease);
  EXPECT_THAT(*first.permit, IsOk());
  EXPECT_THAT(*second.permit, IsOk());
  EXPECT_TRUE(third.waits());
}

TEST_F(PatientSharedPermitsTest, CountsTheTimeWithoutTheStoreFromItsLastAnswer) {
  store_.down = true;
  Call& call = Begin(2 * kMaxLease);
  Advance(kMaxLease - absl::Seconds(1));
  store_.down = false;
  OthersHold(4);
  Advance(kPoll);
  store_.down = true;
  Advance(kMaxLease);
  EXPECT_TRUE(call.waits());
  Advance(kMaxLease);
  EXPECT_FALSE(call.waits());
}

TEST_F(PatientSharedPermitsTest, WaitsForAnEmptyStoreToo) {
  store_.settling = true;
  Call& call = Begin();
  EXPECT_TRUE(call.waits());
  store_.settling = false;
  Advance(kPoll);
  EXPECT_THAT(*call.permit, IsOk());
}

TEST_F(PatientSharedPermitsTest, TheErrorOfACallThatWaitedInVainNamesTheStore) {
  store_.down = true;
  Call& asks = Begin(absl::Seconds(1));
  for (int i = 0; i < 3; ++i) Begin();
  Call& stands_in_line = Begin(absl::Seconds(1));
  Advance(absl::Seconds(1));
  for (Call* call : {&asks, &stands_in_line}) {
    EXPECT_THAT(*call->permit, HasReason(Reason::kDeadlineBeforeSend));
    EXPECT_THAT(GetErrorDetails(call->permit->status()).metadata, Contains(Pair("redis", "unavailable")));
  }
}

TEST_F(PatientSharedPermitsTest, TheErrorOfACallThatWaitedForAnEmptyStoreNamesIt) {
  store_.settling = true;
  Call& call = Begin(absl::Seconds(1));
  Advance(absl::Seconds(1));
  EXPECT_THAT(GetErrorDetails(call.permit->status()).metadata, Contains(Pair("redis", "empty")));
}

// --- A limit of one, and none.

class FewSharedPermitsTest : public SharedPermitsTest {
 protected:
  FewSharedPermitsTest() : SharedPermitsTest(1) {}
};

TEST_F(FewSharedPermitsTest, AShareIsAtLeastOne) {
  LoseTheStore();
  EXPECT_THAT(*Begin().permit, IsOk());
  EXPECT_TRUE(Begin().waits());
}

TEST_F(FewSharedPermitsTest, OnlyTheFirstInLineAsksTheStore) {
  OthersHold(1);
  Call& first = Begin();
  Call& second = Begin();
  Advance(kPoll);
  EXPECT_THAT(store_.asked, SizeIs(2));
  OthersHold(0);
  Advance(kPoll);
  EXPECT_THAT(*first.permit, IsOk());
  EXPECT_TRUE(second.waits());
  End(first);
  EXPECT_THAT(*second.permit, IsOk());
}

class UnlimitedSharedPermitsTest : public SharedPermitsTest {
 protected:
  UnlimitedSharedPermitsTest() : SharedPermitsTest(0) {}
};

TEST_F(UnlimitedSharedPermitsTest, DoNotAskTheStore) {
  for (int i = 0; i < 20; ++i) EXPECT_THAT(*Begin().permit, IsOk());
  EXPECT_THAT(store_.asked, IsEmpty());
}

}  // namespace
}  // namespace interaction::limits
