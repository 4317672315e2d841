#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/eventually.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_resolver.h"
#include "tests/support/matchers.h"
#include "tests/support/temp_dir.h"

namespace interaction::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;

TEST(FakeClockTest, StandsStillUntilItIsAdvanced) {
  FakeClock clock(absl::FromUnixSeconds(100));
  const SteadyTime start = clock.SteadyNow();
  EXPECT_EQ(clock.WallNow(), absl::FromUnixSeconds(100));
  clock.Advance(absl::Milliseconds(1500));
  EXPECT_EQ(clock.SteadyNow() - start, 1'500'000'000);
  EXPECT_EQ(clock.WallNow(), absl::FromUnixMillis(101'500));
}

TEST(FakeClockTest, AJumpOfTheWallClockDoesNotMoveTheSteadyOne) {
  FakeClock clock(absl::FromUnixSeconds(100));
  const SteadyTime start = clock.SteadyNow();
  clock.JumpWall(-absl::Seconds(60));
  EXPECT_EQ(clock.WallNow(), absl::FromUnixSeconds(40));
  EXPECT_EQ(clock.SteadyNow(), start);
}

TEST(FakeResolverTest, ALookupWaitsUntilTheTestAnswers) {
  FakeResolver resolver;
  std::vector<absl::StatusOr<http::Addresses>> answers;
  const auto remember = [&](absl::StatusOr<http::Addresses> answer) { answers.push_back(answer); };
  resolver.Resolve("a.test", remember);
  EXPECT_EQ(resolver.waiting("a.test"), 1u);
  EXPECT_TRUE(answers.empty());

  resolver.Answer("a.test", {"192.0.2.1", "2001:db8::1"});
  resolver.Resolve("a.test", remember);
  const auto both = IsOkAndHolds(Field(&http::Addresses::ip, ElementsAre("192.0.2.1", "2001:db8::1")));
  EXPECT_THAT(answers, ElementsAre(both, both));
  EXPECT_EQ(resolver.lookups("a.test"), 2u);
  EXPECT_EQ(resolver.waiting("a.test"), 0u);
}

TEST(FakeResolverTest, EachNewAnswerIsAnotherGeneration) {
  FakeResolver resolver;
  std::vector<uint64_t> generations;
  const auto remember = [&](absl::StatusOr<http::Addresses> answer) { generations.push_back(answer->generation); };
  resolver.Answer("a.test", {"192.0.2.1"});
  resolver.Resolve("a.test", remember);
  resolver.Resolve("a.test", remember);
  resolver.Answer("a.test", {"192.0.2.2"});
  resolver.Resolve("a.test", remember);
  EXPECT_EQ(generations[0], generations[1]);
  EXPECT_NE(generations[1], generations[2]);
}

TEST(FakeResolverTest, FailsAsTold) {
  FakeResolver resolver;
  resolver.Fail("a.test", absl::UnavailableError("no such host"));
  absl::Status status;
  resolver.Resolve("a.test", [&](absl::StatusOr<http::Addresses> answer) { status = answer.status(); });
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable, "no such host"));
}

TEST(TempDirTest, IsRemovedWithItsFiles) {
  std::string path;
  {
    const TempDir dir;
    path = dir.Write("key", "secret\n");
    std::ifstream file(path);
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), "secret\n");
  }
  EXPECT_FALSE(std::ifstream(path).is_open());
}

TEST(EventuallyTest, AsksUntilItIsTrueOrTheTimeIsUp) {
  int asked = 0;
  EXPECT_TRUE(Eventually([&] { return ++asked == 3; }));
  EXPECT_EQ(asked, 3);
  EXPECT_FALSE(Eventually([] { return false; }, absl::Milliseconds(5)));
}

}  // namespace
}  // namespace interaction::testing
