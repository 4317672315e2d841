#include "server/telemetry/log.h"

#include <fcntl.h>
#include <unistd.h>

#include <limits>
#include <mutex>
#include <thread>
#include <type_traits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/base/secret.h"

namespace interaction::telemetry {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class StoppedClock final : public Clock {
 public:
  absl::Time WallNow() const override { return absl::FromUnixMillis(1714564800123); }
  SteadyTime SteadyNow() const override { return 0; }
};

class LinesSink final : public LogSink {
 public:
  bool Write(absl::string_view line) noexcept override {
    const std::lock_guard lock(mutex_);
    lines_.emplace_back(line);
    return !full_;
  }
  const std::vector<std::string>& lines() const { return lines_; }
  void Fill() { full_ = true; }

 private:
  std::mutex mutex_;
  std::vector<std::string> lines_;
  bool full_ = false;
};

class LoggerTest : public ::testing::Test {
 protected:
  // The line without what all lines start with here.
  std::string Fields(std::initializer_list<LogField> fields) {
    logger_.Log(LogLevel::kInfo, "m", fields);
    const absl::string_view head = R"({"ts":"2024-05-01T12:00:00.123Z","level":"info","msg":"m",)";
    absl::string_view line = sink_.lines().back();
    EXPECT_EQ(line.substr(0, head.size()), head);
    line.remove_prefix(head.size());
    return std::string(line);
  }

  StoppedClock clock_;
  LinesSink sink_;
  Logger logger_{LogLevel::kInfo, &clock_, &sink_};
};

TEST_F(LoggerTest, ALineIsOneJsonObjectWithTimeLevelMessageAndFieldsInOrder) {
  logger_.Log(LogLevel::kWarning, "upstream is slow", {{"upstream", "a"}, {"calls", 3}});
  EXPECT_THAT(sink_.lines(), ElementsAre(R"({"ts":"2024-05-01T12:00:00.123Z","level":"warning",)"
                                         R"("msg":"upstream is slow","upstream":"a","calls":3})"
                                         "\n"));
}

TEST_F(LoggerTest, EveryKindOfValueKeepsItsJsonType) {
  EXPECT_EQ(Fields({{"text", std::string("t")},
                    {"yes", true},
                    {"low", std::numeric_limits<int64_t>::min()},
                    {"high", std::numeric_limits<uint64_t>::max()},
                    {"real", 1.5}}),
            R"("text":"t","yes":true,"low":-9223372036854775808,"high":18446744073709551615,"real":1.5})"
            "\n");
}

TEST_F(LoggerTest, AnEmptyTextIsLeftOut) { EXPECT_EQ(Fields({{"a", ""}, {"b", 1}}), "\"b\":1}\n"); }

TEST_F(LoggerTest, ARealNumberHasTheFewestDigitsThatMeanIt) {
  EXPECT_EQ(
      Fields(
          {{"a", 0.25}, {"b", 12.0}, {"c", 0.408}, {"d", 3.05}, {"e", 0.007}, {"f", 1e-5}, {"g", -0.5}, {"h", 0.1234}}),
      R"("a":0.25,"b":12,"c":0.408,"d":3.05,"e":0.007,"f":1e-05,"g":-0.5,"h":0.1234})"
      "\n");
}

TEST_F(LoggerTest, ADurationIsInMillisecondsWithAsManyDecimalsAsItNeeds) {
  EXPECT_EQ(Fields({{"a", absl::Microseconds(250)},
                    {"b", absl::Milliseconds(12)},
                    {"c", absl::Microseconds(3050)},
                    {"d", absl::Nanoseconds(1'007'499)},
                    {"e", absl::ZeroDuration()}}),
            R"("a":0.25,"b":12,"c":3.05,"d":1.007,"e":0})"
            "\n");
}

TEST_F(LoggerTest, ANumberThatJsonCannotWriteIsNull) {
  EXPECT_EQ(Fields({{"real", std::numeric_limits<double>::infinity()}}), "\"real\":null}\n");
}

TEST_F(LoggerTest, LinesBelowTheLevelAreLeftOut) {
  logger_.Log(LogLevel::kDebug, "m");
  EXPECT_THAT(sink_.lines(), IsEmpty());
  EXPECT_FALSE(logger_.Enabled(LogLevel::kDebug));
  EXPECT_TRUE(logger_.Enabled(LogLevel::kInfo));
  EXPECT_TRUE(logger_.Enabled(LogLevel::kError));
}

TEST_F(LoggerTest, ALineLongerThanAPipeTakesInOnePieceLosesItsFields) {
  const std::string message(5000, '"');
  logger_.Log(LogLevel::kError, message, {{"a", "b"}});
  const std::string& line = sink_.lines().back();
  EXPECT_LE(line.size(), Logger::kMaxLine);
  EXPECT_THAT(line, EndsWith("\",\"truncated\":true}\n"));
}

TEST_F(LoggerTest, ALineOfExactlyTheLimitKeepsItsFields) {
  const size_t rest = Fields({{"a", "x"}}).size() - 1 + absl::string_view(sink_.lines().back()).find("\"a\"");
  logger_.Log(LogLevel::kInfo, "m", {{"a", std::string(Logger::kMaxLine - rest, 'x')}});
  EXPECT_THAT(sink_.lines().back(), SizeIs(Logger::kMaxLine));
  logger_.Log(LogLevel::kInfo, "m", {{"a", std::string(Logger::kMaxLine - rest + 1, 'x')}});
  EXPECT_THAT(sink_.lines().back(), HasSubstr("truncated"));
}

TEST_F(LoggerTest, LinesThatTheSinkLosesAreCounted) {
  logger_.Log(LogLevel::kInfo, "m");
  EXPECT_EQ(logger_.dropped(), 0u);
  sink_.Fill();
  logger_.Log(LogLevel::kInfo, "m");
  EXPECT_EQ(logger_.dropped(), 1u);
}

// A secret cannot be made a field.
static_assert(!std::is_constructible_v<LogField, absl::string_view, Secret>);
static_assert(!std::is_constructible_v<LogField, absl::string_view, const Secret&>);

class TextLoggerTest : public LoggerTest {
 protected:
  Logger logger_{LogLevel::kInfo, &clock_, &sink_, LogFormat::kText};
};

TEST_F(TextLoggerTest, ALineIsTimeLevelMessageAndFieldsInOrder) {
  logger_.Log(LogLevel::kWarning, "upstream is slow", {{"upstream", "a"}, {"calls", 3}, {"empty", ""}, {"late", true}});
  EXPECT_THAT(sink_.lines(), ElementsAre("12:00:00.123 warning upstream is slow upstream=a calls=3 late=true\n"));
}

TEST_F(TextLoggerTest, ATextWithSpacesOrControlsIsQuotedSoThatTheLineStaysOneLine) {
  logger_.Log(LogLevel::kInfo, "m", {{"a", "two words"}, {"b", "line\nend"}, {"c", "\x80"}});
  EXPECT_THAT(sink_.lines(),
              ElementsAre("12:00:00.123 info    m a=\"two words\" b=\"line\\nend\" c=\"\xef\xbf\xbd\"\n"));
}

TEST(LogLevelTest, NamesAreThoseOfTheConfiguration) {
  EXPECT_EQ(LogLevelFromName("debug"), LogLevel::kDebug);
  EXPECT_EQ(LogLevelFromName("info"), LogLevel::kInfo);
  EXPECT_EQ(LogLevelFromName("warning"), LogLevel::kWarning);
  EXPECT_EQ(LogLevelFromName("error"), LogLevel::kError);
}

struct TextCase {
  const char* name;
  std::string text;
  const char* json;
};

class LogTextTest : public LoggerTest, public ::testing::WithParamInterface<TextCase> {};

TEST_P(LogTextTest, IsEscapedSoThatTheLineStaysJson) {
  EXPECT_EQ(Fields({{"k", GetParam().text}}), absl::StrCat("\"k\":", GetParam().json, "}\n"));
}

INSTANTIATE_TEST_SUITE_P(
    Texts, LogTextTest,
    ::testing::ValuesIn(std::vector<TextCase>{
        {"QuoteAndBackslash", R"(a"b\c)", R"("a\"b\\c")"},
        {"LineEnds", "a\r\nb", R"("a\r\nb")"},
        {"OtherControls", std::string("\0\x1b", 2), R"("\u0000\u001b")"},
        {"Utf8", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""},
        {"LoneTail", "a\x80z", "\"a\xef\xbf\xbdz\""},
        {"CutCharacter", "a\xe2\x82", "\"a\xef\xbf\xbd\xef\xbf\xbd\""},
        {"Overlong", "\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\""},
        {"Surrogate", "\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
        {"BeyondUnicode", "\xf4\x90\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
    }),
    [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace interaction::telemetry
