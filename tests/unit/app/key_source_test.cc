#include "server/app/key_source.h"

#include <mutex>
#include <string>
#include <vector>

#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/http/client.h"
#include "tests/support/eventually.h"
#include "tests/support/fake_clock.h"
#include "tests/support/matchers.h"
#include "tests/support/raw_upstream.h"

namespace interaction::app {
namespace {

using testing::Always;
using ::testing::ElementsAre;
using testing::Eventually;
using testing::RawUpstream;
using testing::RespondJson;
using testing::WaitFor;

class KeySourceTest : public ::testing::Test {
 protected:
  KeySourceTest() { EXPECT_THAT(http::GlobalInit(), testing::IsOk()); }

  KeySourceOptions From(const RawUpstream& issuer) const {
    return {.url = issuer.url() + "keys", .refresh = absl::Hours(1)};
  }

  std::vector<std::string> received() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return received_;
  }

  testing::FakeClock clock_;
  mutable std::mutex mutex_;
  std::vector<std::string> received_;
  KeySource source_{&clock_, nullptr, [this](std::string key_set) {
                      const std::lock_guard<std::mutex> lock(mutex_);
                      received_.push_back(std::move(key_set));
                      return absl::OkStatus();
                    }};
};

TEST_F(KeySourceTest, FetchesAtOnce) {
  RawUpstream issuer(Always({RespondJson(200, "one")}));
  source_.Use(From(issuer));
  EXPECT_TRUE(Eventually([&] { return received().size() == 1; }));
  EXPECT_THAT(received(), ElementsAre("one"));
  EXPECT_EQ(issuer.requests()[0].target, "/keys");
}

TEST_F(KeySourceTest, FetchesAgainForAnUnknownKeyButNotTooOften) {
  RawUpstream issuer(Always({RespondJson(200, "one")}));
  EXPECT_FALSE(source_.AskAgain()) << "there is nothing to be asked";
  source_.Use(From(issuer));
  EXPECT_TRUE(Eventually([&] { return received().size() == 1; }));
  EXPECT_TRUE(Eventually([&] { return !source_.AskAgain(); }));
  clock_.Advance(KeySource::kAskNoSooner);
  EXPECT_TRUE(source_.AskAgain());
  EXPECT_TRUE(Eventually([&] { return received().size() == 2; }));
}

TEST_F(KeySourceTest, AsksAnotherUrlAtOnce) {
  RawUpstream first(Always({RespondJson(200, "one")})), second(Always({RespondJson(200, "two")}));
  source_.Use(From(first));
  EXPECT_TRUE(Eventually([&] { return received().size() == 1; }));
  source_.Use(From(second));
  EXPECT_TRUE(Eventually([&] { return received().size() == 2; }));
  EXPECT_THAT(received(), ElementsAre("one", "two"));
}

TEST_F(KeySourceTest, PassesOnNothingButAnAnswerOf200) {
  RawUpstream issuer(Always({RespondJson(404, "none")}));
  source_.Use(From(issuer));
  EXPECT_TRUE(issuer.WaitForRequests(1));
  source_.Stop();
  EXPECT_THAT(received(), ElementsAre());
}

TEST_F(KeySourceTest, SaysThatKeysAreOnTheirWay) {
  absl::Notification answer;
  RawUpstream issuer(Always({WaitFor(answer), RespondJson(200, "one")}));
  source_.Use(From(issuer));
  EXPECT_TRUE(issuer.WaitForRequests(1));
  EXPECT_TRUE(source_.AskAgain());
  answer.Notify();
  EXPECT_TRUE(Eventually([&] { return received().size() == 1; }));
}

}  // namespace
}  // namespace interaction::app
