#include "server/call/failure_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/support/fake_clock.h"
#include "tests/support/log_lines.h"

namespace interaction::call {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class FailureLogTest : public ::testing::Test {
 protected:
  void Report(const absl::Status& error, absl::string_view request_id = "") {
    failures_->Report(error, request_id, "token:billing", clock_.SteadyNow(), timers_);
  }

  // Time passes on the lane.
  void Pass(absl::Duration duration) {
    clock_.Advance(duration);
    timers_.RunDue(clock_.SteadyNow());
  }

  // The lines since the last time.
  std::vector<std::string> NewLines() {
    const std::string text = sink_.text().substr(read_);
    read_ += text.size();
    return absl::StrSplit(text, '\n', absl::SkipEmpty());
  }

  testing::FakeClock clock_;
  testing::LogLines sink_;
  telemetry::Logger logger_{telemetry::LogLevel::kInfo, &clock_, &sink_};
  event::Timers timers_;
  std::unique_ptr<FailureLog> failures_ = std::make_unique<FailureLog>("seethepro", &logger_);
  size_t read_ = 0;
};

TEST_F(FailureLogTest, LogsWhatACallerDidAsInfoAndEverythingElseAsWarning) {
  const std::vector<absl::Status> by_caller = {Error(Reason::kUnknownMethod),
                                               Error(Reason::kMalformedRequest),
                                               Error(Reason::kInvalidRequest),
                                               Error(Reason::kCallerCredentialsForbidden),
                                               Error(Reason::kMetadataTooLarge),
                                               Error(Reason::kRequestIdUnsupported),
                                               Error(Reason::kRequestIdReused),
                                               Error(Reason::kRequestInProgress),
                                               Error(Reason::kDeadlineBeforeSend),
                                               Error(Reason::kCancelledBeforeSend),
                                               Error(Reason::kUpstreamNotFound),
                                               Error(Reason::kUpstreamRejectedArgument),
                                               Error(Reason::kUpstreamCredentialsRejected)};
  for (const absl::Status& error : by_caller) {
    Report(error);
    EXPECT_THAT(NewLines(), ElementsAre(HasSubstr(R"("level":"info")"))) << error;
  }
  const std::vector<absl::Status> by_others = {
      Error(Reason::kOverloaded),
      Error(Reason::kUpstreamConnectFailed),
      Error(Reason::kUpstreamConnectTimeout).WithCode(absl::StatusCode::kDeadlineExceeded),
      Error(Reason::kUpstreamUnimplemented),
      Error(Reason::kUpstreamDailyQuota),
      Error(Reason::kUpstreamCredentialsRejected).WithCode(absl::StatusCode::kFailedPrecondition),
      Error(Reason::kCancelledAfterSend),
      Error(Reason::kUpstreamTimeout),
      Error(Reason::kInternalError)};
  for (const absl::Status& error : by_others) {
    Report(error);
    EXPECT_THAT(NewLines(), ElementsAre(HasSubstr(R"("level":"warning")"))) << error;
  }
}

TEST_F(FailureLogTest, SaysWhoseCallEndedHow) {
  Report(Error(Reason::kUpstreamTimeout).In(Phase::kWait), "6925ebd4-125d-4338-a736-99f4b5bcb3d7");
  EXPECT_THAT(
      NewLines(),
      ElementsAre(HasSubstr(
          R"("msg":"call failed","upstream":"seethepro","code":"DEADLINE_EXCEEDED","reason":"UPSTREAM_TIMEOUT",)"
          R"("outcome":"unknown","phase":"wait","requestId":"6925ebd4-125d-4338-a736-99f4b5bcb3d7","caller":"token:billing"})")));
}

TEST_F(FailureLogTest, WritesTenOfAFloodAndThenHowManyMoreThereWere) {
  for (int i = 0; i < 1000; ++i) Report(Error(Reason::kInvalidRequest));
  EXPECT_THAT(NewLines(), AllOf(SizeIs(10), Each(HasSubstr("call failed"))));
  Pass(absl::Seconds(1));
  EXPECT_THAT(NewLines(),
              ElementsAre(AllOf(HasSubstr(R"("level":"info","msg":"more calls failed","upstream":"seethepro")"),
                                HasSubstr(R"("reason":"INVALID_REQUEST","calls":990})"))));
  Pass(absl::Seconds(1));
  EXPECT_THAT(NewLines(), IsEmpty());
}

TEST_F(FailureLogTest, AFloodOfOneReasonHidesNoOther) {
  for (int i = 0; i < 1000; ++i) Report(Error(Reason::kUpstreamCredentialsRejected));
  NewLines();
  Report(Error(Reason::kUpstreamCredentialsRejected).WithCode(absl::StatusCode::kFailedPrecondition));
  Report(Error(Reason::kUpstreamNotFound));
  EXPECT_THAT(NewLines(), SizeIs(2));
}

TEST_F(FailureLogTest, LeavesNoUnknownOutcomeOut) {
  for (int i = 0; i < 1000; ++i) Report(Error(Reason::kUpstreamTimeout));
  EXPECT_THAT(NewLines(), SizeIs(1000));
}

TEST_F(FailureLogTest, TellsAtItsEndWhatItHasNotToldYet) {
  for (int i = 0; i < 15; ++i) Report(Error(Reason::kOverloaded));
  NewLines();
  failures_.reset();
  EXPECT_THAT(NewLines(), ElementsAre(HasSubstr(R"("reason":"OVERLOADED","calls":5})")));
}

TEST_F(FailureLogTest, IsSilentBelowTheLevelOfTheLog) {
  telemetry::Logger errors_only(telemetry::LogLevel::kError, &clock_, &sink_);
  FailureLog failures("seethepro", &errors_only);
  for (int i = 0; i < 15; ++i) failures.Report(Error(Reason::kOverloaded), "", "", clock_.SteadyNow(), timers_);
  Pass(absl::Seconds(1));
  EXPECT_THAT(NewLines(), IsEmpty());
}

}  // namespace
}  // namespace interaction::call
