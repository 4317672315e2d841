#include "client/cli/import/progress.h"

#include <sstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace interaction::cli::import {
namespace {

using ::testing::EndsWith;
using ::testing::IsEmpty;
using ::testing::StartsWith;

const absl::Time kBegin = absl::FromUnixSeconds(1'000'000);
const Counts kCounts = {.rows = 100'000, .applied = 24'990, .skipped = 20'000, .not_applied = 8, .unknown = 2};

TEST(RenderProgressTest, HasRateTimeLeftAndWhatWentWrong) {
  EXPECT_EQ(RenderProgress(kCounts, {1000, 1000}, 140),
            " 45% [==========>             ] 45,000 of 100,000  1000/s  55s left  20,000 done before  8 not opened  2 "
            "unknown");
}

TEST(RenderProgressTest, DoesWithoutTheBarWhereThereIsNoRoom) {
  EXPECT_EQ(RenderProgress(kCounts, {1000, 1000}, 40), " 45% 45,000 of 100,000  1000/s  55s left");
}

TEST(RenderProgressTest, BeginsAndEnds) {
  EXPECT_THAT(RenderProgress({.rows = 10}, {}, 80), StartsWith("  0% [>"));
  EXPECT_THAT(RenderProgress({.rows = 10, .applied = 10}, {10, 10}, 80), EndsWith("] 10 of 10  10/s"));
}

TEST(ProgressTest, IsALineEveryFewSecondsWhereThereIsNoTerminal) {
  std::ostringstream err;
  Progress progress(err, /*terminal=*/false, 80, kBegin);
  progress.Show(kCounts, kBegin + absl::Seconds(4));
  EXPECT_THAT(err.str(), IsEmpty());
  progress.Show(kCounts, kBegin + absl::Seconds(5));
  progress.Show(kCounts, kBegin + absl::Seconds(6));
  EXPECT_THAT(err.str(), StartsWith(" 45% "));
  EXPECT_EQ(err.str().find('\n'), err.str().size() - 1);
}

TEST(ProgressTest, IsOneLineThatChangesOnATerminal) {
  std::ostringstream err;
  Progress progress(err, /*terminal=*/true, 80, kBegin);
  progress.Show(kCounts, kBegin + absl::Seconds(1));
  EXPECT_THAT(err.str(), StartsWith("\r 45% "));
  EXPECT_EQ(err.str().find('\n'), std::string::npos);
  progress.End(kCounts, kBegin + absl::Seconds(2));
  EXPECT_THAT(err.str(), EndsWith("\n"));
}

TEST(ProgressTest, RatesAreThoseOfTheLastSeconds) {
  std::ostringstream err;
  Progress progress(err, /*terminal=*/false, 80, kBegin);
  Counts counts{.rows = 100'000, .skipped = 50'000};  // in the first second
  progress.Show(counts, kBegin + absl::Seconds(1));
  for (int second = 2; second <= 20; ++second) {
    counts.applied += 100;
    progress.Show(counts, kBegin + absl::Seconds(second));
  }
  EXPECT_THAT(err.str(), EndsWith("51,900 of 100,000  100/s  8m1s left  50,000 done before\n"));
}

TEST(WithCommasTest, GroupsByThree) {
  EXPECT_EQ(WithCommas(0), "0");
  EXPECT_EQ(WithCommas(999), "999");
  EXPECT_EQ(WithCommas(1'000), "1,000");
  EXPECT_EQ(WithCommas(1'234'567), "1,234,567");
}

}  // namespace
}  // namespace interaction::cli::import
