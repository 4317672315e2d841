#include "server/app/trace_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/matchers.h"

namespace interaction::app {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Pair;
using testing::StatusIs;

TraceOptions Read(const Variables& environment) {
  auto options = ReadTraceOptions(environment);
  EXPECT_THAT(options, testing::IsOk());
  EXPECT_TRUE(options->has_value());
  return **options;
}

TEST(TraceOptionsTest, TracesAreOffWithoutAnEndpointAndWhenTheyAreSwitchedOff) {
  for (const Variables& environment :
       {Variables{}, Variables{{"OTEL_EXPORTER_OTLP_ENDPOINT", ""}},
        Variables{{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318"}, {"OTEL_SDK_DISABLED", "true"}},
        Variables{{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318"}, {"OTEL_TRACES_EXPORTER", "none"}}}) {
    const auto options = ReadTraceOptions(environment);
    ASSERT_THAT(options, testing::IsOk());
    EXPECT_FALSE(options->has_value());
  }
}

TEST(TraceOptionsTest, TheEndpointOfAllSignalsGetsThePathOfTraces) {
  EXPECT_EQ(Read({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318/"}}).url, "http://c:4318/v1/traces");
  EXPECT_EQ(Read({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318"},
                  {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://d:4318/spans"}})
                .url,
            "http://d:4318/spans");
}

TEST(TraceOptionsTest, ReadsWhatTheSpecificationNames) {
  const TraceOptions options = Read({{"OTEL_EXPORTER_OTLP_ENDPOINT", "https://c:4318"},
                                     {"OTEL_EXPORTER_OTLP_HEADERS", "x-key=a%20b,x-other=c"},
                                     {"OTEL_EXPORTER_OTLP_TIMEOUT", "500"},
                                     {"OTEL_EXPORTER_OTLP_CERTIFICATE", "/ca.pem"},
                                     {"OTEL_BSP_MAX_QUEUE_SIZE", "100"},
                                     {"OTEL_BSP_SCHEDULE_DELAY", "20"},
                                     {"OTEL_TRACES_SAMPLER", "traceidratio"},
                                     {"OTEL_TRACES_SAMPLER_ARG", "0.25"},
                                     {"OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=test,service.name=x"},
                                     {"OTEL_SERVICE_NAME", "calls"}});
  EXPECT_THAT(options.headers, AllOf(Contains("x-key: a b"), Contains("x-other: c")));
  EXPECT_EQ(options.timeout, absl::Milliseconds(500));
  EXPECT_EQ(options.ca_file, "/ca.pem");
  EXPECT_EQ(options.exporter.max_queue, 100u);
  EXPECT_EQ(options.exporter.max_batch, 100u) << "no more than fit into the queue";
  EXPECT_EQ(options.exporter.delay, absl::Milliseconds(20));
  EXPECT_FALSE(options.sampler.by_parent);
  EXPECT_EQ(options.sampler.ratio, 0.25);
  EXPECT_THAT(options.resource, Contains(Pair("service.name", "calls")));
  EXPECT_THAT(options.resource, Contains(Pair("deployment.environment", "test")));
}

TEST(TraceOptionsTest, EveryMistakeIsNamed) {
  EXPECT_THAT(ReadTraceOptions({{"OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317"},
                                {"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"},
                                {"OTEL_EXPORTER_OTLP_HEADERS", "key"},
                                {"OTEL_BSP_MAX_QUEUE_SIZE", "many"},
                                {"OTEL_TRACES_SAMPLER", "sometimes"}}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("OTEL_EXPORTER_OTLP_ENDPOINT"), HasSubstr("OTEL_EXPORTER_OTLP_PROTOCOL"),
                             HasSubstr("http/protobuf"), HasSubstr("OTEL_EXPORTER_OTLP_HEADERS"),
                             HasSubstr("OTEL_BSP_MAX_QUEUE_SIZE"), HasSubstr("OTEL_TRACES_SAMPLER"))));
}

}  // namespace
}  // namespace interaction::app
