#include "server/call/access_log.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_split.h"
#include "tests/support/log_lines.h"
#include "tests/unit/call/call_test_fixture.h"

namespace interaction::call {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
using Json = nlohmann::json;

class AccessLogTest : public testing::CallTest {
 protected:
  std::shared_ptr<Call> EndedCall() {
    auto call = MakeServedCall();
    call->peer = "ipv4:10.0.0.7:53124";
    call->result = {
        .status = absl::OkStatus(), .attempts = 1, .http_status = 200, .interaction_id = "4711", .reply_bytes = 40};
    return call;
  }

  std::vector<Json> Lines() const {
    std::vector<Json> lines;
    for (const auto line : absl::StrSplit(sink_.text(), '\n', absl::SkipEmpty())) lines.push_back(Json::parse(line));
    return lines;
  }

  testing::LogLines sink_;
  telemetry::Logger logger_{telemetry::LogLevel::kInfo, &clock_, &sink_};
};

TEST_F(AccessLogTest, SaysWhatBecameOfACallAndWhatWasOpened) {
  AccessLog(
      1, [] { return 0.5; }, &logger_)
      .OnEnd(*EndedCall());
  ASSERT_THAT(Lines(), SizeIs(1));
  Json line = Lines()[0];
  line.erase("ts");
  EXPECT_EQ(line, Json::parse(R"({
    "level": "info", "msg": "call", "method": "OpenFake", "code": "OK", "outcome": "applied",
    "caller": "token:billing", "peer": "ipv4:10.0.0.7:53124", "requestId": "0f1a8a7e-3a0b-4f5e-9c58-6f1c2b7d9e10",
    "interactionId": "4711", "durationMs": 3.5, "storeMs": 0.0, "queueMs": 2.0, "upstreamMs": 1.5,
    "upstream": "fake", "host": "upstream.test", "httpStatus": 200, "attempts": 1, "replayed": false,
    "bypassed": false, "traceId": "4bf92f3577b34da6a3ce929d0e0e4736", "requestBytes": 120, "replyBytes": 40})"));
}

TEST_F(AccessLogTest, SaysWhyACallFailedAndWhetherSomethingMayHaveBeenOpened) {
  auto call = EndedCall();
  call->result = {.status = Error(Reason::kUpstreamTimeout).In(Phase::kWait), .attempts = 2};
  AccessLog(
      1, [] { return 0.5; }, &logger_)
      .OnEnd(*call);
  const Json line = Lines().at(0);
  EXPECT_EQ(line["level"], "warning");
  EXPECT_EQ(line["code"], "DEADLINE_EXCEEDED");
  EXPECT_EQ(line["reason"], "UPSTREAM_TIMEOUT");
  EXPECT_EQ(line["outcome"], "unknown");
  EXPECT_EQ(line["phase"], "wait");
  EXPECT_EQ(line["attempts"], 2);
}

TEST_F(AccessLogTest, NamesTheFieldsThatBreakTheirRulesButNoValue) {
  auto call = EndedCall();
  call->result = {.status = Error(Reason::kInvalidRequest)
                                .WithFieldViolation("sender", "must be a number")
                                .WithFieldViolation("body", "is required")};
  AccessLog(
      1, [] { return 0.5; }, &logger_)
      .OnEnd(*call);
  EXPECT_EQ(Lines().at(0)["fields"], "sender, body");
}

TEST_F(AccessLogTest, NamesACallerThatIsRefused) {
  auto call = EndedCall();
  call->caller = {};
  call->result = {
      .status = Error(Reason::kCallerNotAllowed).With("caller", "token:mallory").With("detail", "no rule names it")};
  AccessLog(
      1, [] { return 0.5; }, &logger_)
      .OnEnd(*call);
  EXPECT_EQ(Lines().at(0)["caller"], "token:mallory");
  EXPECT_EQ(Lines().at(0)["detail"], "no rule names it");
}

TEST_F(AccessLogTest, SamplesCallsThatSucceedButNoneThatFail) {
  AccessLog log(
      0.25, [] { return 0.3; }, &logger_);
  auto call = EndedCall();
  log.OnEnd(*call);
  EXPECT_THAT(Lines(), IsEmpty());
  call->result.status = Error(Reason::kUpstreamTimeout);
  log.OnEnd(*call);
  EXPECT_THAT(Lines(), SizeIs(1));
}

}  // namespace
}  // namespace interaction::call
