#include "server/redis/refusal_log.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/redis/server_error.h"
#include "tests/support/fake_clock.h"
#include "tests/support/log_lines.h"

namespace interaction::redis {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class RefusalLogTest : public ::testing::Test {
 protected:
  void Add(absl::string_view command, absl::string_view error) { log_.Add(command, ServerError(error)); }

  int CountLines() const {
    const std::string text = lines_.text();
    return static_cast<int>(std::count(text.begin(), text.end(), '\n'));
  }

  testing::FakeClock clock_;
  testing::LogLines lines_;
  telemetry::Logger logger_{telemetry::LogLevel::kInfo, &clock_, &lines_};
  RefusalLog log_{&clock_, &logger_};
};

TEST_F(RefusalLogTest, NamesTheReasonAndTheCommandAndNothingElse) {
  Add("EVALSHA", "NOREPLICAS Not enough s3cret replicas to write.");
  EXPECT_THAT(lines_.text(), AllOf(HasSubstr("warning"), HasSubstr(R"("command":"EVALSHA")"),
                                   HasSubstr(R"("error":"NOREPLICAS")"), Not(HasSubstr("s3cret"))));
}

TEST_F(RefusalLogTest, AFloodIsALineAMinuteWithItsNumber) {
  for (int i = 0; i < 1000; ++i) Add("EVALSHA", "OOM command not allowed");
  EXPECT_EQ(CountLines(), 1);
  clock_.Advance(RefusalLog::kInterval);
  Add("EVALSHA", "OOM command not allowed");
  EXPECT_EQ(CountLines(), 2);
  EXPECT_THAT(lines_.text(), HasSubstr(R"("times":1000)"));
}

TEST_F(RefusalLogTest, EachReasonAndCommandIsTold) {
  for (const char* word : {"NOPERM", "NOREPLICAS", "OOM", "READONLY", "LOADING", "MASTERDOWN", "MISCONF", "NOAUTH"}) {
    Add("EVALSHA", absl::StrCat(word, " x"));
    EXPECT_THAT(lines_.text(), HasSubstr(word));
  }
  Add("ZREM", "NOPERM x");
  EXPECT_EQ(CountLines(), 9);
}

TEST_F(RefusalLogTest, NothingIsSaidOfAScriptThatIsSentAgainNorOfOtherErrors) {
  Add("EVALSHA", "NOSCRIPT No matching script.");
  log_.Add("EVALSHA", absl::UnavailableError("no connection to Redis"));
  log_.Add("EVALSHA", absl::OkStatus());
  EXPECT_THAT(lines_.text(), IsEmpty());
}

}  // namespace
}  // namespace interaction::redis
