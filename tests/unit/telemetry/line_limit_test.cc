#include "server/telemetry/line_limit.h"

#include <atomic>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace interaction::telemetry {
namespace {

using Verdict = LineLimit::Verdict;

constexpr SteadyTime kSecond = 1'000'000'000;

TEST(LineLimitTest, LetsTheFirstLinesOfEachSecondThrough) {
  LineLimit limit(2);
  for (const SteadyTime second : {5 * kSecond, 6 * kSecond, 60 * kSecond}) {
    EXPECT_EQ(limit.Judge(second), Verdict::kWrite);
    EXPECT_EQ(limit.Judge(second + 1), Verdict::kWrite);
    EXPECT_NE(limit.Judge(second + 2), Verdict::kWrite);
  }
}

TEST(LineLimitTest, CountsTheOthersAndTellsWhoIsTheFirst) {
  LineLimit limit(1);
  EXPECT_EQ(limit.Judge(kSecond), Verdict::kWrite);
  EXPECT_EQ(limit.Judge(kSecond), Verdict::kLeaveOutFirst);
  EXPECT_EQ(limit.Judge(kSecond), Verdict::kLeaveOut);
  EXPECT_EQ(limit.TakeLeftOut(), 2);
  EXPECT_EQ(limit.TakeLeftOut(), 0);
  EXPECT_EQ(limit.Judge(kSecond), Verdict::kLeaveOutFirst);
}

TEST(LineLimitTest, LosesNoneThatSeveralThreadsBring) {
  constexpr int kThreads = 4, kLines = 10'000;
  LineLimit limit(10);
  std::atomic<int> written{0}, firsts{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int line = 0; line < kLines; ++line) {
        const Verdict verdict = limit.Judge(kSecond);
        written += verdict == Verdict::kWrite;
        firsts += verdict == Verdict::kLeaveOutFirst;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(written, 10);
  EXPECT_EQ(firsts, 1);
  EXPECT_EQ(limit.TakeLeftOut(), kThreads * kLines - 10);
}

}  // namespace
}  // namespace interaction::telemetry
