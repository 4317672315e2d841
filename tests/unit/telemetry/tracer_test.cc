#include "server/telemetry/tracer.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/matchers.h"

namespace interaction::telemetry {
namespace {

using ::interaction::testing::StatusIs;
using ::testing::HasSubstr;

constexpr char kLowTrace[] = "4bf92f3577b34da60000000000000001";   // within any ratio
constexpr char kHighTrace[] = "4bf92f3577b34da6ffffffffffffffff";  // only within 1

TraceContext From(const std::string& trace_id, Sampling sampling) {
  return {.trace_id = trace_id, .span_id = "00f067aa0ba902b7", .sampling = sampling};
}

bool IsRecorded(const Sampler& sampler, const TraceContext& context) {
  return Tracer(sampler, [] { return 7; }).Start(context).is_recorded;
}

TEST(TracerTest, AnArrivedTraceGoesOnAndANewOneBeginsWithout) {
  uint64_t number = 0;
  const Tracer tracer({}, [&] { return ++number; });
  const Tracer::Started child = tracer.Start(From(kLowTrace, Sampling::kYes));
  EXPECT_EQ(child.trace_id, kLowTrace);
  EXPECT_EQ(child.span_id, "0000000000000001");
  const Tracer::Started root = tracer.Start({});
  EXPECT_EQ(root.trace_id, "00000000000000020000000000000003");
  EXPECT_EQ(root.span_id, "0000000000000004");
  EXPECT_TRUE(root.is_recorded);
}

TEST(TracerTest, NoIdIsZero) {
  const Tracer tracer({}, [] { return 0; });
  EXPECT_EQ(tracer.NewSpanId(), "0000000000000001");
}

TEST(TracerTest, ACallersDecisionIsFollowed) {
  const auto sampler = Sampler::Parse("parentbased_always_off", "");
  ASSERT_THAT(sampler, testing::IsOk());
  EXPECT_TRUE(IsRecorded(*sampler, From(kLowTrace, Sampling::kYes)));
  EXPECT_FALSE(IsRecorded({}, From(kLowTrace, Sampling::kNo)));
  EXPECT_FALSE(IsRecorded(*sampler, From(kLowTrace, Sampling::kUndecided)));
  EXPECT_TRUE(IsRecorded(*sampler, From(kLowTrace, Sampling::kDebug)));
  EXPECT_FALSE(IsRecorded(*sampler, {}));
}

TEST(TracerTest, ASamplerThatIsNotByParentDecidesAlone) {
  EXPECT_TRUE(IsRecorded(*Sampler::Parse("always_on", ""), From(kLowTrace, Sampling::kNo)));
  EXPECT_FALSE(IsRecorded(*Sampler::Parse("always_off", ""), From(kLowTrace, Sampling::kYes)));
}

TEST(TracerTest, ARatioChoosesByTheTracesId) {
  const Sampler half = *Sampler::Parse("traceidratio", "0.5");
  EXPECT_TRUE(IsRecorded(half, From(kLowTrace, Sampling::kUndecided)));
  EXPECT_FALSE(IsRecorded(half, From(kHighTrace, Sampling::kUndecided)));
  EXPECT_TRUE(IsRecorded(*Sampler::Parse("traceidratio", "1"), From(kHighTrace, Sampling::kUndecided)));
  EXPECT_FALSE(IsRecorded(*Sampler::Parse("traceidratio", "0"), From(kLowTrace, Sampling::kUndecided)));
}

TEST(SamplerTest, WhatIsWrongIsNamedWithWhatThereIs) {
  EXPECT_THAT(Sampler::Parse("sometimes", ""), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("parentbased_")));
  for (const char* ratio : {"2", "-1", "much", "nan"}) {
    EXPECT_THAT(Sampler::Parse("traceidratio", ratio),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("OTEL_TRACES_SAMPLER_ARG")))
        << ratio;
  }
}

}  // namespace
}  // namespace interaction::telemetry
