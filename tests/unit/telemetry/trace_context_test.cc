#include "server/telemetry/trace_context.h"

#include <map>
#include <random>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace interaction::telemetry {
namespace {

using Metadata = std::map<std::string, std::string>;
using Headers = std::vector<std::pair<std::string, std::string>>;

constexpr char kTrace[] = "0af7651916cd43dd8448eb211c80319c";
constexpr char kSpan[] = "b7ad6b7169203331";
constexpr char kParent[] = "05e3ac9a4f6e3b90";
constexpr char kTraceparent[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

TraceContext Read(const Metadata& metadata) {
  return FromMetadata([&](absl::string_view name) -> absl::string_view {
    const auto found = metadata.find(std::string(name));
    return found == metadata.end() ? absl::string_view() : absl::string_view(found->second);
  });
}

Headers Write(const TraceContext& context, bool with_b3) {
  Headers headers;
  AppendHeaders(context, with_b3,
                [&](absl::string_view name, std::string value) { headers.emplace_back(name, std::move(value)); });
  return headers;
}

struct Case {
  const char* name;
  Metadata metadata;
  Headers w3c;   // what goes out
  Headers both;  // with b3 as well
};

class PropagationTest : public ::testing::TestWithParam<Case> {};

TEST_P(PropagationTest, WhatComesInGoesOut) {
  const TraceContext context = Read(GetParam().metadata);
  EXPECT_EQ(Write(context, false), GetParam().w3c);
  EXPECT_EQ(Write(context, true), GetParam().both);
}

std::string Traceparent(absl::string_view flags) { return absl::StrCat("00-", kTrace, "-", kSpan, "-", flags); }

const std::string kB3 = absl::StrCat(kTrace, "-", kSpan);
const std::string kShortTrace = "8448eb211c80319c";
const std::string kPadded = absl::StrCat("0000000000000000", kShortTrace);

std::vector<Case> W3cCases() {
  const Headers yes = {{"traceparent", Traceparent("01")}};
  const Headers yes_both = {{"traceparent", Traceparent("01")}, {"b3", kB3 + "-1"}};
  const Headers no = {{"traceparent", Traceparent("00")}};
  const Headers no_both = {{"traceparent", Traceparent("00")}, {"b3", kB3 + "-0"}};
  const auto with = [](std::string value) { return Metadata{{"traceparent", std::move(value)}}; };
  const std::string later = absl::StrCat("-", kTrace, "-", kSpan, "-01");
  return {
      {"Sampled", with(kTraceparent), yes, yes_both},
      {"NotSampled", with(Traceparent("00")), no, no_both},
      {"UnknownFlagsAreDropped", with(Traceparent("ff")), yes, yes_both},
      {"UnknownFlagsWithoutSampled", with(Traceparent("fe")), no, no_both},
      {"LaterVersion", with("cc" + later), yes, yes_both},
      {"LaterVersionWithMore", with("01" + later + "-what-comes"), yes, yes_both},
      {"LaterVersionEndsWithADash", with("01" + later + "-"), yes, yes_both},
      {"LaterVersionWithoutDash", with("01" + later + "5"), {}, {}},
      {"ThisVersionWithMore", with("00" + later + "-x"), {}, {}},
      {"VersionFf", with("ff" + later), {}, {}},
      {"VersionNotHex", with("0x" + later), {}, {}},
      {"UpperCaseVersion", with("CC" + later), {}, {}},
      {"UpperCase", with(absl::AsciiStrToUpper(kTraceparent)), {}, {}},
      {"Short", with(std::string(kTraceparent).substr(0, 54)), {}, {}},
      {"FlagsNotHex", with(Traceparent("0g")), {}, {}},
      {"ZeroTrace", with(absl::StrCat("00-00000000000000000000000000000000-", kSpan, "-01")), {}, {}},
      {"ZeroSpan", with(absl::StrCat("00-", kTrace, "-0000000000000000-01")), {}, {}},
      {"WrongDash", with(absl::StrCat("00-", kTrace, "_", kSpan, "-01")), {}, {}},
      {"BlankAhead", with(absl::StrCat(" ", kTraceparent)), {}, {}},
      {"Twice", with(absl::StrCat(kTraceparent, ",", kTraceparent)), {}, {}},
      {"Empty", with(""), {}, {}},
      {"Nothing", {}, {}, {}},
      {"BeforeB3", {{"traceparent", kTraceparent}, {"b3", "0"}}, yes, yes_both},
      {"BrokenLeavesTheTurnToB3", {{"traceparent", "00"}, {"b3", kB3 + "-0"}}, no, no_both},
  };
}

std::vector<Case> B3Cases() {
  const std::string parent = absl::StrCat("-", kParent);
  const Headers yes = {{"traceparent", Traceparent("01")}};
  const Headers no = {{"traceparent", Traceparent("00")}};
  const auto with = [](std::string value) { return Metadata{{"b3", std::move(value)}}; };
  const auto both = [](absl::string_view flags, std::string b3) {
    return Headers{{"traceparent", Traceparent(flags)}, {"b3", std::move(b3)}};
  };
  return {
      {"Undecided", with(kB3), no, both("00", kB3)},
      {"B3Sampled", with(kB3 + "-1"), yes, both("01", kB3 + "-1")},
      {"B3NotSampled", with(kB3 + "-0"), no, both("00", kB3 + "-0")},
      {"Debug", with(kB3 + "-d"), yes, both("01", kB3 + "-d")},
      {"Parent", with(kB3 + "-1" + parent), yes, both("01", kB3 + "-1" + parent)},
      {"SamplingAlone", with("0"), {}, {{"b3", "0"}}},
      {"DebugAlone", with("d"), {}, {{"b3", "d"}}},
      {"HalfTraceIdIsPadded",
       with(absl::StrCat(kShortTrace, "-", kSpan, "-1")),
       {{"traceparent", absl::StrCat("00-", kPadded, "-", kSpan, "-01")}},
       {{"traceparent", absl::StrCat("00-", kPadded, "-", kSpan, "-01")},
        {"b3", absl::StrCat(kPadded, "-", kSpan, "-1")}}},
      {"TraceOnly", with(kTrace), {}, {}},
      {"B3UpperCase", with(absl::AsciiStrToUpper(kB3)), {}, {}},
      {"B3ZeroTrace", with(absl::StrCat("0000000000000000-", kSpan, "-1")), {}, {}},
      {"UnknownSampling", with(kB3 + "-2"), {}, {}},
      {"BadParent", with(kB3 + "-1-05e3"), {}, {}},
      {"TooManyParts", with(kB3 + "-1" + parent + "-1"), {}, {}},
      {"SingleBeforeMulti",
       {{"b3", kB3 + "-0"}, {"x-b3-traceid", kPadded}, {"x-b3-spanid", kSpan}, {"x-b3-sampled", "1"}},
       no,
       both("00", kB3 + "-0")},
  };
}

std::vector<Case> MultiCases() {
  const auto with = [](Metadata more) {
    more.insert({{"x-b3-traceid", kTrace}, {"x-b3-spanid", kSpan}});
    return more;
  };
  const auto both = [](absl::string_view flags, std::string b3) {
    return Headers{{"traceparent", Traceparent(flags)}, {"b3", std::move(b3)}};
  };
  const Headers yes = {{"traceparent", Traceparent("01")}};
  const Headers no = {{"traceparent", Traceparent("00")}};
  return {
      {"MultiUndecided", with({}), no, both("00", kB3)},
      {"MultiSampled", with({{"x-b3-sampled", "1"}}), yes, both("01", kB3 + "-1")},
      {"MultiTrue", with({{"x-b3-sampled", "true"}}), yes, both("01", kB3 + "-1")},
      {"MultiFalse", with({{"x-b3-sampled", "false"}}), no, both("00", kB3 + "-0")},
      {"MultiSampledNonsense", with({{"x-b3-sampled", "yes"}}), no, both("00", kB3)},
      {"MultiDebug", with({{"x-b3-flags", "1"}, {"x-b3-sampled", "0"}}), yes, both("01", kB3 + "-d")},
      {"MultiParent", with({{"x-b3-parentspanid", kParent}, {"x-b3-sampled", "1"}}), yes,
       both("01", absl::StrCat(kB3, "-1-", kParent))},
      {"MultiBadParentIsDropped", with({{"x-b3-parentspanid", "1"}, {"x-b3-sampled", "1"}}), yes,
       both("01", kB3 + "-1")},
      {"MultiSampledAlone", {{"x-b3-sampled", "0"}}, {}, {{"b3", "0"}}},
      {"MultiWithoutSpan", {{"x-b3-traceid", kTrace}, {"x-b3-sampled", "1"}}, {}, {}},
      {"MultiWithoutTrace", {{"x-b3-spanid", kSpan}}, {}, {}},
      {"BrokenSingleLeavesTheTurnToMulti", with({{"b3", "nonsense"}}), no, both("00", kB3)},
  };
}

std::string CaseName(const ::testing::TestParamInfo<Case>& test) { return test.param.name; }
INSTANTIATE_TEST_SUITE_P(W3c, PropagationTest, ::testing::ValuesIn(W3cCases()), CaseName);
INSTANTIATE_TEST_SUITE_P(B3, PropagationTest, ::testing::ValuesIn(B3Cases()), CaseName);
INSTANTIATE_TEST_SUITE_P(B3Multi, PropagationTest, ::testing::ValuesIn(MultiCases()), CaseName);

struct ValueCase {
  const char* name;
  std::string value;
  std::string read;
};

class TracestateTest : public ::testing::TestWithParam<ValueCase> {};

TEST_P(TracestateTest, PassesWhatIsWellFormed) {
  const TraceContext context = Read({{"traceparent", kTraceparent}, {"tracestate", GetParam().value}});
  EXPECT_EQ(context.tracestate, GetParam().read);
  EXPECT_EQ(context.trace_id, kTrace) << "a bad tracestate does not spoil the traceparent";
}

std::string Members(int count, int size) {
  std::string state;
  for (int i = 0; i < count; ++i) absl::StrAppend(&state, i ? "," : "", "k", 100 + i, "=", std::string(size - 5, 'v'));
  return state;
}

INSTANTIATE_TEST_SUITE_P(Values, TracestateTest,
                         ::testing::ValuesIn(std::vector<ValueCase>{
                             {"One", "rojo=00f067aa0ba902b7", "rojo=00f067aa0ba902b7"},
                             {"Tenant", "t61@rojo=1,a_b-c*d/e=2", "t61@rojo=1,a_b-c*d/e=2"},
                             {"BlanksAround", "a=1 ,\t b=2", "a=1,b=2"},
                             {"EmptyMembers", "a=1,,b=2,", "a=1,b=2"},
                             {"BlankInside", "a=1 2", "a=1 2"},
                             {"FillsTheLimit", Members(4, 127) + ",", Members(4, 127)},
                             {"OverTheLimitLosesWholeMembersFromTheEnd", Members(6, 100), Members(5, 100)},
                             {"MoreThan32Members", Members(33, 6), ""},
                             {"UpperCaseKey", "A=1", ""},
                             {"NoValue", "a=", ""},
                             {"NoEquals", "a", ""},
                             {"TwoEquals", "a=1=2", ""},
                             {"NotAscii", "a=\xc3\xa9", ""},
                             {"LineEnd", "a=1\r\nx: y", ""},
                         }),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(TraceContextTest, TracestateWithoutTraceparentIsDropped) {
  EXPECT_EQ(Read({{"tracestate", "a=1"}}), TraceContext());
}

TEST(TraceContextTest, TracestateGoesOutAfterTraceparent) {
  const TraceContext context = Read({{"traceparent", kTraceparent}, {"tracestate", "a=1"}});
  EXPECT_EQ(Write(context, false), (Headers{{"traceparent", kTraceparent}, {"tracestate", "a=1"}}));
}

class RequestIdTest : public ::testing::TestWithParam<ValueCase> {};

TEST_P(RequestIdTest, PassesVisibleAsciiOfBoundedLength) {
  const TraceContext context = Read({{"x-request-id", GetParam().value}});
  EXPECT_EQ(context.request_id, GetParam().read);
  const Headers out = GetParam().read.empty() ? Headers() : Headers{{"x-request-id", GetParam().read}};
  EXPECT_EQ(Write(context, true), out);
}

INSTANTIATE_TEST_SUITE_P(Values, RequestIdTest,
                         ::testing::ValuesIn(std::vector<ValueCase>{
                             {"Uuid", "6925ebd4-125d-4338-a736-99f4b5bcb3d7", "6925ebd4-125d-4338-a736-99f4b5bcb3d7"},
                             {"AnyVisible", "!~{}\"\\", "!~{}\"\\"},
                             {"Longest", std::string(128, 'r'), std::string(128, 'r')},
                             {"TooLong", std::string(129, 'r'), ""},
                             {"Blank", "a b", ""},
                             {"LineEnd", "a\r\nb", ""},
                             {"NotAscii", "\xc3\xa9", ""},
                             {"Empty", "", ""},
                         }),
                         [](const auto& test) { return std::string(test.param.name); });

// Whatever comes in, what goes out is a header that can be sent and that reads back as the same.
TEST(TraceContextTest, MutatedInputGivesOnlyWellFormedHeadersThatReadBackTheSame) {
  std::mt19937 random(20240501);
  const auto below = [&](size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(random); };
  const std::vector<Metadata> seeds = {
      {{"traceparent", kTraceparent}, {"tracestate", "a=1,b@c=2"}, {"x-request-id", "r"}},
      {{"b3", absl::StrCat(kTrace, "-", kSpan, "-1-", kParent)}},
      {{"x-b3-traceid", kShortTrace}, {"x-b3-spanid", kSpan}, {"x-b3-sampled", "1"}, {"x-b3-parentspanid", kParent}},
  };
  int with_trace = 0;
  for (int i = 0; i < 20000; ++i) {
    Metadata metadata = seeds[below(seeds.size())];
    for (auto& [name, value] : metadata) {
      if (below(2) == 0 || value.empty()) continue;
      const size_t at = below(value.size());
      switch (below(4)) {
        case 0:
          value[at] = static_cast<char>(below(256));
          break;
        case 1:
          value.erase(at, 1 + below(4));
          break;
        case 2:
          value.insert(at, 1, "0-,=f"[below(5)]);
          break;
        default:
          value += value.substr(at);
      }
    }
    const TraceContext context = Read(metadata);
    const Headers out = Write(context, true);
    Metadata again;
    for (const auto& [name, value] : out) {
      ASSERT_FALSE(value.empty()) << name;
      for (char c : value) ASSERT_TRUE(c >= 0x20 && c <= 0x7e) << name;
      again[name] = value;
    }
    ASSERT_EQ(Write(Read(again), false), Write(context, false));
    with_trace += again.count("traceparent");
  }
  EXPECT_GT(with_trace, 1000) << "the mutations leave some input whole";
}

}  // namespace
}  // namespace interaction::telemetry
