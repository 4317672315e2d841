#include "server/http/resolver.h"

#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/http/system_resolver.h"
#include "tests/support/fake_clock.h"
#include "tests/support/matchers.h"

namespace interaction::http {
namespace {

using ::interaction::testing::FakeClock;
using ::interaction::testing::HasOutcome;
using ::interaction::testing::HasReason;
using ::interaction::testing::IsOkAndHolds;
using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::Field;

using Answer = absl::StatusOr<std::vector<std::string>>;

// Plays getaddrinfo: answers what it was told, and can be held so that lookups hang. Lookups that hang outlive a test.
class Names {
 public:
  void Set(const std::string& host, Answer answer) {
    const std::scoped_lock lock(mutex_);
    answers_.insert_or_assign(host, std::move(answer));
  }
  void Hold() { SetHeld(true); }
  void LetGo() { SetHeld(false); }

  void WaitForLookups(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return lookups_ >= count; });
  }
  int lookups() {
    const std::scoped_lock lock(mutex_);
    return lookups_;
  }

  Answer Look(const std::string& host) {
    std::unique_lock lock(mutex_);
    ++lookups_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return !held_; });
    const auto it = answers_.find(host);
    return it == answers_.end() ? Answer(absl::NotFoundError("no such host")) : it->second;
  }

 private:
  void SetHeld(bool held) {
    const std::scoped_lock lock(mutex_);
    held_ = held;
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool held_ = false;
  int lookups_ = 0;
  std::map<std::string, Answer> answers_;
};

class ResolverTest : public ::testing::Test {
 protected:
  void Start(ResolverOptions options = {}) {
    resolver_ = MakeResolver(options, &clock_, [names = names_](const std::string& host) { return names->Look(host); });
  }
  ~ResolverTest() override { names_->LetGo(); }

  absl::StatusOr<Addresses> Resolve(const std::string& host) {
    Pending pending = Begin(host);
    pending->done.WaitForNotification();
    return pending->answer;
  }

  struct Call {
    absl::Notification done;
    absl::StatusOr<Addresses> answer = absl::UnknownError("not yet");
    std::thread::id thread;
  };
  using Pending = std::shared_ptr<Call>;

  Pending Begin(const std::string& host) {
    auto call = std::make_shared<Call>();
    resolver_->Resolve(host, [call](absl::StatusOr<Addresses> answer) {
      call->answer = std::move(answer);
      call->thread = std::this_thread::get_id();
      call->done.Notify();
    });
    return call;
  }

  FakeClock clock_;
  std::shared_ptr<Names> names_ = std::make_shared<Names>();
  std::unique_ptr<Resolver> resolver_;
};

auto Has(const std::string& ip) { return Field(&Addresses::ip, ElementsAre(ip)); }

TEST_F(ResolverTest, AnswersFromTheCacheAtOnceOnTheCallersThread) {
  Start();
  names_->Set("a.test", {{"192.0.2.1"}});
  EXPECT_THAT(Resolve("a.test"), IsOkAndHolds(Has("192.0.2.1")));

  Pending again = Begin("a.test");

  EXPECT_TRUE(again->done.HasBeenNotified());
  EXPECT_EQ(again->thread, std::this_thread::get_id());
  EXPECT_EQ(names_->lookups(), 1);
}

TEST_F(ResolverTest, MakesOneLookupOfManyQuestionsAtOneTime) {
  Start();
  names_->Set("a.test", {{"192.0.2.1"}});
  names_->Hold();
  std::vector<Pending> calls;
  for (int i = 0; i < 10; ++i) calls.push_back(Begin("a.test"));
  names_->LetGo();
  for (const Pending& call : calls) {
    call->done.WaitForNotification();
    EXPECT_THAT(call->answer, IsOkAndHolds(Has("192.0.2.1")));
  }
  EXPECT_EQ(names_->lookups(), 1);
}

TEST_F(ResolverTest, ALookupThatHangsDoesNotHoldUpOthers) {
  Start();
  names_->Set("a.test", {{"192.0.2.1"}});
  ASSERT_THAT(Resolve("a.test"), IsOkAndHolds(Has("192.0.2.1")));
  names_->Hold();
  Pending hanging = Begin("b.test");
  names_->WaitForLookups(2);
  EXPECT_TRUE(Begin("a.test")->done.HasBeenNotified());
  EXPECT_FALSE(hanging->done.HasBeenNotified());
}

TEST_F(ResolverTest, GivesAnotherGenerationOnlyWhenTheAddressesChange) {
  Start({.ttl = absl::Seconds(30), .stale = absl::ZeroDuration()});
  names_->Set("a.test", {{"192.0.2.1", "192.0.2.2"}});
  const uint64_t first = Resolve("a.test")->generation;

  clock_.Advance(absl::Seconds(31));
  names_->Set("a.test", {{"192.0.2.2", "192.0.2.1"}});
  EXPECT_EQ(Resolve("a.test")->generation, first) << "the same addresses, rotated";

  clock_.Advance(absl::Seconds(31));
  names_->Set("a.test", {{"192.0.2.3"}});
  const absl::StatusOr<Addresses> changed = Resolve("a.test");
  EXPECT_THAT(changed, IsOkAndHolds(Has("192.0.2.3")));
  EXPECT_NE(changed->generation, first);
}

TEST_F(ResolverTest, ServesAnOldAnswerWhileItLooksAgain) {
  Start({.ttl = absl::Seconds(30), .stale = absl::Minutes(5)});
  names_->Set("a.test", {{"192.0.2.1"}});
  ASSERT_THAT(Resolve("a.test"), IsOkAndHolds(Has("192.0.2.1")));
  names_->Set("a.test", {{"192.0.2.2"}});
  names_->Hold();
  clock_.Advance(absl::Seconds(31));

  Pending stale = Begin("a.test");

  EXPECT_TRUE(stale->done.HasBeenNotified());
  EXPECT_THAT(stale->answer, IsOkAndHolds(Has("192.0.2.1")));
  names_->WaitForLookups(2);
}

TEST_F(ResolverTest, ServesAnOldAnswerWhileLookingFailsButNotForEver) {
  Start({.ttl = absl::Seconds(30), .stale = absl::Minutes(5), .negative_ttl = absl::Seconds(1)});
  names_->Set("a.test", {{"192.0.2.1"}});
  ASSERT_THAT(Resolve("a.test"), IsOkAndHolds(Has("192.0.2.1")));
  names_->Set("a.test", absl::UnavailableError("name server down"));

  clock_.Advance(absl::Minutes(4));
  EXPECT_THAT(Resolve("a.test"), IsOkAndHolds(Has("192.0.2.1")));
  clock_.Advance(absl::Minutes(2));
  EXPECT_THAT(Resolve("a.test"), HasReason(Reason::kUpstreamDnsFailure));
}

TEST_F(ResolverTest, RemembersAFailureForAMoment) {
  Start({.negative_ttl = absl::Seconds(1)});
  const absl::StatusOr<Addresses> failure = Resolve("nowhere.test");
  EXPECT_THAT(failure, HasReason(Reason::kUpstreamDnsFailure));
  EXPECT_THAT(failure, HasOutcome(Outcome::kNotApplied));
  EXPECT_TRUE(Begin("nowhere.test")->done.HasBeenNotified());
  EXPECT_EQ(names_->lookups(), 1);

  clock_.Advance(absl::Seconds(2));
  names_->Set("nowhere.test", {{"192.0.2.1"}});
  EXPECT_THAT(Resolve("nowhere.test"), IsOkAndHolds(Has("192.0.2.1")));
}

TEST_F(ResolverTest, TakesAnEmptyAnswerForAFailure) {
  Start();
  names_->Set("a.test", std::vector<std::string>{});
  EXPECT_THAT(Resolve("a.test"), HasReason(Reason::kUpstreamDnsFailure));
}

TEST_F(ResolverTest, LooksUpNoMoreThanSoManyNamesAtOnceAndFailsWhenTooManyWait) {
  Start({.max_threads = 2, .max_waiting = 1});
  names_->Hold();
  const std::vector<Pending> running = {Begin("a.test"), Begin("b.test")};
  names_->WaitForLookups(2);
  const Pending waiting = Begin("c.test");
  const Pending refused = Begin("d.test");

  EXPECT_EQ(names_->lookups(), 2);
  EXPECT_FALSE(waiting->done.HasBeenNotified());
  ASSERT_TRUE(refused->done.HasBeenNotified());
  EXPECT_THAT(refused->answer, HasReason(Reason::kUpstreamDnsFailure));

  names_->LetGo();
  waiting->done.WaitForNotification();
}

TEST_F(ResolverTest, DestroyedWhileALookupHangsItAnswersAndDoesNotWait) {
  Start();
  names_->Hold();
  const Pending hanging = Begin("a.test");
  names_->WaitForLookups(1);

  resolver_.reset();

  ASSERT_TRUE(hanging->done.HasBeenNotified());
  EXPECT_THAT(hanging->answer, HasReason(Reason::kUpstreamDnsFailure));
}

TEST(LookupWithGetaddrinfoTest, ReadsAnAddressAsItself) {
  EXPECT_THAT(LookupWithGetaddrinfo("127.0.0.1"), IsOkAndHolds(ElementsAre("127.0.0.1")));
}

TEST(LookupWithGetaddrinfoTest, KnowsThisMachine) {
  EXPECT_THAT(LookupWithGetaddrinfo("localhost"), IsOkAndHolds(::testing::Contains(AnyOf("127.0.0.1", "::1"))));
}

}  // namespace
}  // namespace interaction::http
