#include "server/telemetry/exposition.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace interaction::telemetry {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

MetricFamily Calls() {
  return {.name = "calls_total",
          .help = "Calls.",
          .type = MetricType::kCounter,
          .series = {{.labels = {{"rpc", "A"}}, .value = 3}}};
}

MetricFamily Durations() {
  Histogram histogram;
  histogram.Observe(2'000'000, "4bf92f3577b34da6a3ce929d0e0e4736", absl::FromUnixMillis(1500));
  histogram.Observe(3'000'000);
  return {.name = "call_seconds",
          .help = "Durations.",
          .type = MetricType::kHistogram,
          .series = {{.labels = {{"rpc", "A"}}, .histogram = histogram.Read()}}};
}

TEST(ExpositionTest, PrometheusTextHasTypeHelpAndValue) {
  const std::string text = WriteMetrics({Calls()}, Exposition::kPrometheusText);
  EXPECT_EQ(text, "# HELP calls_total Calls.\n# TYPE calls_total counter\ncalls_total{rpc=\"A\"} 3\n");
}

TEST(ExpositionTest, BucketsAreCumulative) {
  for (const Exposition exposition : {Exposition::kPrometheusText, Exposition::kOpenMetrics}) {
    EXPECT_THAT(WriteMetrics({Durations()}, exposition),
                AllOf(HasSubstr("call_seconds_bucket{rpc=\"A\",le=\"0.001\"} 0\n"),
                      HasSubstr("call_seconds_bucket{rpc=\"A\",le=\"0.005\"} 2\n"),
                      HasSubstr("call_seconds_bucket{rpc=\"A\",le=\"+Inf\"} 2\n"),
                      HasSubstr("call_seconds_count{rpc=\"A\"} 2\n")));
  }
}

TEST(ExpositionTest, OpenMetricsNamesACounterWithoutItsSuffixAndEndsWithEof) {
  EXPECT_EQ(WriteMetrics({Calls()}, Exposition::kOpenMetrics),
            "# TYPE calls counter\n# HELP calls Calls.\ncalls_total{rpc=\"A\"} 3\n# EOF\n");
}

TEST(ExpositionTest, OpenMetricsHasExemplarsAndUnits) {
  EXPECT_THAT(WriteMetrics({Durations()}, Exposition::kOpenMetrics),
              AllOf(HasSubstr("# UNIT call_seconds seconds\n"),
                    HasSubstr("le=\"0.0025\"} 1 # {trace_id=\"4bf92f3577b34da6a3ce929d0e0e4736\"} 0.002 1.500\n"),
                    EndsWith("# EOF\n")));
  EXPECT_THAT(WriteMetrics({Durations()}, Exposition::kPrometheusText), Not(HasSubstr("trace_id")));
}

TEST(ExpositionTest, ASummaryHasSumAndCount) {
  const MetricFamily family = {.name = "phase_seconds",
                               .help = "Phases.",
                               .type = MetricType::kSummary,
                               .series = {{.labels = {}, .value = 1.5, .count = 4}}};
  for (const Exposition exposition : {Exposition::kPrometheusText, Exposition::kOpenMetrics}) {
    EXPECT_THAT(WriteMetrics({family}, exposition),
                AllOf(HasSubstr("phase_seconds_count 4\n"), HasSubstr("phase_seconds_sum 1.5\n")));
  }
}

TEST(ExpositionTest, LabelsAreEscaped) {
  MetricFamily family = Calls();
  family.series[0].labels = {{"a", "quote\" line\n back\\"}};
  for (const Exposition exposition : {Exposition::kPrometheusText, Exposition::kOpenMetrics}) {
    EXPECT_THAT(WriteMetrics({family}, exposition), HasSubstr(R"({a="quote\" line\n back\\"} 3)"));
  }
}

TEST(ExpositionTest, IsWhatTheClientAcceptsMost) {
  // As Prometheus 2.42 asks.
  EXPECT_EQ(ExpositionFor("application/openmetrics-text;version=1.0.0;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"),
            Exposition::kOpenMetrics);
  EXPECT_EQ(ExpositionFor("application/openmetrics-text; q=0.2, text/plain; q=0.9"), Exposition::kPrometheusText);
  EXPECT_EQ(ExpositionFor("text/plain"), Exposition::kPrometheusText);
  EXPECT_EQ(ExpositionFor("*/*"), Exposition::kPrometheusText);
  EXPECT_EQ(ExpositionFor(""), Exposition::kPrometheusText);
}

}  // namespace
}  // namespace interaction::telemetry
