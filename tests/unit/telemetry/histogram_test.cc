#include "server/telemetry/histogram.h"

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace interaction::telemetry {
namespace {

using ::testing::Each;

constexpr int64_t kMillisecond = 1'000'000;
constexpr char kTraceId[] = "4bf92f3577b34da6a3ce929d0e0e4736";

size_t BucketOf(double bound) {
  return static_cast<size_t>(std::find(kDurationBounds.begin(), kDurationBounds.end(), bound) -
                             kDurationBounds.begin());
}

TEST(HistogramTest, ADurationIsInTheFirstBucketWhoseBoundIsNotBelowIt) {
  Histogram histogram;
  histogram.Observe(5 * kMillisecond);
  histogram.Observe(5 * kMillisecond + 1);
  histogram.Observe(1000 * 1000 * kMillisecond);
  const HistogramValue value = histogram.Read();
  EXPECT_EQ(value.counts[BucketOf(0.005)], 1);
  EXPECT_EQ(value.counts[BucketOf(0.01)], 1);
  EXPECT_EQ(value.counts.back(), 1);
  EXPECT_EQ(value.count(), 3);
  EXPECT_DOUBLE_EQ(value.seconds, 1000.010000001);
}

TEST(HistogramTest, AQuantileIsBetweenTheBoundsOfItsBucket) {
  HistogramValue value;
  EXPECT_EQ(value.Quantile(0.5), 0);
  value.counts[1] = 10;  // from 0.5 to 1 ms
  value.counts.back() = 10;
  EXPECT_DOUBLE_EQ(value.Quantile(0.25), 0.00075);
  EXPECT_DOUBLE_EQ(value.Quantile(0.5), 0.001);
  EXPECT_DOUBLE_EQ(value.Quantile(0.9), kDurationBounds.back());
}

TEST(HistogramTest, KeepsTheLatestTraceOfEachBucket) {
  Histogram histogram;
  histogram.Observe(kMillisecond, "00000000000000000000000000000001", absl::FromUnixSeconds(1));
  histogram.Observe(kMillisecond, kTraceId, absl::FromUnixSeconds(2));
  histogram.Observe(kMillisecond);  // without a trace: the exemplar stays
  const auto exemplar = histogram.Read().exemplars[BucketOf(0.001)];
  ASSERT_TRUE(exemplar.has_value());
  EXPECT_EQ(exemplar->trace_id, kTraceId);
  EXPECT_EQ(exemplar->seconds, 0.001);
  EXPECT_EQ(exemplar->time, absl::FromUnixSeconds(2));
}

TEST(HistogramTest, TheSumOfTwoHasTheCountsOfBothAndTheLaterExemplar) {
  Histogram one, other;
  one.Observe(kMillisecond, "00000000000000000000000000000001", absl::FromUnixSeconds(9));
  other.Observe(kMillisecond, kTraceId, absl::FromUnixSeconds(3));
  other.Observe(9 * kMillisecond);
  HistogramValue sum = one.Read();
  sum += other.Read();
  EXPECT_EQ(sum.count(), 3);
  EXPECT_EQ(sum.exemplars[BucketOf(0.001)]->time, absl::FromUnixSeconds(9));
}

TEST(HistogramTest, AnExemplarThatIsReadWhileItChangesIsWhole) {
  Histogram histogram;
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (int64_t i = 1; !stop; ++i) {
      const bool odd = i % 2 != 0;
      histogram.Observe(kMillisecond - (odd ? 1 : 2), odd ? std::string(32, '1') : std::string(32, '2'),
                        absl::FromUnixNanos(odd ? 1 : 2));
    }
  });
  for (int i = 0; i < 10'000; ++i) {
    const auto exemplar = histogram.Read().exemplars[BucketOf(0.001)];
    if (!exemplar) continue;
    const char digit = exemplar->trace_id.front();
    ASSERT_THAT(exemplar->trace_id, Each(digit));
    ASSERT_EQ(absl::ToUnixNanos(exemplar->time), digit - '0');
    ASSERT_DOUBLE_EQ(exemplar->seconds, (kMillisecond - (digit - '0')) / 1e9);
  }
  stop = true;
  writer.join();
}

}  // namespace
}  // namespace interaction::telemetry
