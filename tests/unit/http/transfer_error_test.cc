#include "server/http/transfer_error.h"

#include <curl/curl.h>

#include <cerrno>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/base/errors.h"
#include "tests/support/matchers.h"

namespace interaction::http {
namespace {

using ::interaction::testing::HasOutcome;
using ::interaction::testing::HasReason;
using ::interaction::testing::IsOk;
using ::interaction::testing::StatusIs;
using ::testing::Not;
using Code = absl::StatusCode;

constexpr Outcome kNot = Outcome::kNotApplied;

TEST(TimedOutBeforeSendingTest, TellsWhatTookTooLong) {
  EXPECT_THAT(TimedOutBeforeSending(Stage::kResolving), HasReason(Reason::kUpstreamDnsTimeout));
  EXPECT_THAT(TimedOutBeforeSending(Stage::kResolving), StatusIs(Code::kDeadlineExceeded));
  EXPECT_THAT(TimedOutBeforeSending(Stage::kConnecting), HasReason(Reason::kUpstreamConnectTimeout));
  EXPECT_THAT(TimedOutBeforeSending(Stage::kConnecting), StatusIs(Code::kUnavailable));
  EXPECT_EQ(GetErrorDetails(TimedOutBeforeSending(Stage::kConnecting)).phase, Phase::kConnect);
  EXPECT_THAT(TimedOutBeforeSending(Stage::kTlsHandshake), HasReason(Reason::kUpstreamConnectTimeout));
  EXPECT_EQ(GetErrorDetails(TimedOutBeforeSending(Stage::kTlsHandshake)).phase, Phase::kTls);
  for (const Stage stage : {Stage::kResolving, Stage::kConnecting, Stage::kTlsHandshake}) {
    EXPECT_THAT(TimedOutBeforeSending(stage), HasOutcome(kNot));
  }
}

struct Unconnected {
  const char* name;
  ConnectFacts facts;
  Code code;
  Reason reason;
  Phase phase = Phase::kConnect;
};

class UnconnectedTest : public ::testing::TestWithParam<Unconnected> {};

TEST_P(UnconnectedTest, IsNotApplied) {
  const Unconnected& row = GetParam();
  const absl::Status status = ConnectError(row.facts);
  EXPECT_THAT(status, StatusIs(row.code));
  EXPECT_THAT(status, HasReason(row.reason));
  EXPECT_THAT(status, HasOutcome(kNot));
  EXPECT_EQ(GetErrorDetails(status).phase, row.phase);
}

INSTANTIATE_TEST_SUITE_P(
    Directly, UnconnectedTest,
    ::testing::Values(
        Unconnected{
            "NameDoesNotResolve", {.curl_code = 6}, Code::kUnavailable, Reason::kUpstreamDnsFailure, Phase::kResolve},
        Unconnected{
            "Refused", {.curl_code = 7, .os_errno = ECONNREFUSED}, Code::kUnavailable, Reason::kUpstreamConnectFailed},
        Unconnected{"Unreachable",
                    {.curl_code = 7, .os_errno = EHOSTUNREACH},
                    Code::kUnavailable,
                    Reason::kUpstreamConnectFailed},
        Unconnected{"TimesOut", {.curl_code = 28}, Code::kUnavailable, Reason::kUpstreamConnectTimeout},
        Unconnected{"AddressForbidden",
                    {.curl_code = 7, .address_forbidden = true},
                    Code::kFailedPrecondition,
                    Reason::kEgressAddressForbidden},
        Unconnected{"NoDescriptorsLeft",
                    {.curl_code = 7, .os_errno = EMFILE},
                    Code::kResourceExhausted,
                    Reason::kLocalResource},
        Unconnected{"NoDescriptorsLeftInTheSystem",
                    {.curl_code = 7, .os_errno = ENFILE},
                    Code::kResourceExhausted,
                    Reason::kLocalResource},
        Unconnected{"LibraryCannotStart", {.curl_code = 2}, Code::kResourceExhausted, Reason::kLocalResource},
        Unconnected{"OutOfMemory", {.curl_code = 27}, Code::kResourceExhausted, Reason::kLocalResource},
        Unconnected{"BadUrl", {.curl_code = 3}, Code::kInternal, Reason::kInternalError},
        Unconnected{"ProtocolNotAllowed", {.curl_code = 1}, Code::kInternal, Reason::kInternalError}),
    [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(ThroughAProxy, UnconnectedTest,
                         ::testing::Values(Unconnected{"DoesNotResolve",
                                                       {.curl_code = 5, .via_proxy = true},
                                                       Code::kUnavailable,
                                                       Reason::kEgressProxyFailed,
                                                       Phase::kResolve},
                                           Unconnected{"Refuses",
                                                       {.curl_code = 7, .via_proxy = true},
                                                       Code::kUnavailable,
                                                       Reason::kEgressProxyFailed},
                                           Unconnected{"Answers503",
                                                       {.curl_code = 56, .via_proxy = true, .proxy_status = 503},
                                                       Code::kUnavailable,
                                                       Reason::kEgressProxyFailed},
                                           Unconnected{"WantsCredentials",
                                                       {.curl_code = 56, .via_proxy = true, .proxy_status = 407},
                                                       Code::kFailedPrecondition,
                                                       Reason::kEgressProxyAuth}),
                         [](const auto& test) { return test.param.name; });

TEST(ConnectErrorTest, TellsLibcurlsCode) {
  EXPECT_THAT(GetErrorDetails(ConnectError({.curl_code = 7})).metadata,
              ::testing::ElementsAre(::testing::Pair("curlCode", "7")));
}

TEST(ConnectErrorTest, NeverCallsWhatWasNotSentUnknown) {
  for (int code = 0; code < CURL_LAST; ++code) {
    for (const bool flag : {false, true}) {
      EXPECT_THAT(ConnectError({.curl_code = code, .address_forbidden = flag, .via_proxy = flag}), HasOutcome(kNot))
          << "code " << code;
    }
  }
}

TEST(HandshakeErrorTest, IsLoudAboutACertificateThatIsNotTrusted) {
  using Kind = tls::HandshakeFailure::Kind;
  const absl::Status status = HandshakeError({Kind::kNotTrusted, "certificate has expired"});
  EXPECT_THAT(status, HasReason(Reason::kUpstreamTlsVerifyFailed));
  EXPECT_THAT(status, StatusIs(Code::kFailedPrecondition));
  EXPECT_THAT(GetErrorDetails(status).metadata,
              ::testing::ElementsAre(::testing::Pair("tlsError", "certificate has expired")));
}

TEST(HandshakeErrorTest, AdvisesToRetryOnlyWhenTheConnectionBroke) {
  using Kind = tls::HandshakeFailure::Kind;
  for (const Kind kind : {Kind::kBroken, Kind::kRefused}) {
    const absl::Status status = HandshakeError({kind, ""});
    EXPECT_THAT(status, HasReason(Reason::kUpstreamTlsFailed));
    EXPECT_THAT(status, HasOutcome(kNot));
    EXPECT_THAT(status, StatusIs(kind == Kind::kBroken ? Code::kUnavailable : Code::kFailedPrecondition));
    EXPECT_EQ(GetErrorDetails(status).phase, Phase::kTls);
  }
}

struct Unanswered {
  const char* name;
  ExchangeEnd end;
  int http_status;
  bool headers_complete;
  Code code;
  Reason reason;
  Phase phase;
};

class UnansweredTest : public ::testing::TestWithParam<Unanswered> {};

TEST_P(UnansweredTest, LeavesTheOutcomeUnknown) {
  const Unanswered& row = GetParam();
  const absl::Status status = Judge(row.end, row.http_status, row.headers_complete);
  EXPECT_THAT(status, StatusIs(row.code));
  EXPECT_THAT(status, HasReason(row.reason));
  EXPECT_THAT(status, HasOutcome(Outcome::kUnknown));
  EXPECT_EQ(GetErrorDetails(status).phase, row.phase);
}

INSTANTIATE_TEST_SUITE_P(
    Ends, UnansweredTest,
    ::testing::Values(Unanswered{"Reset", ExchangeEnd::kReset, 0, false, Code::kUnknown,
                                 Reason::kUpstreamConnectionLost, Phase::kWait},
                      Unanswered{"Closed", ExchangeEnd::kTruncated, 0, false, Code::kUnknown,
                                 Reason::kUpstreamConnectionLost, Phase::kWait},
                      Unanswered{"BrokeSending", ExchangeEnd::kBrokeSending, 0, false, Code::kUnknown,
                                 Reason::kUpstreamConnectionLost, Phase::kSend},
                      Unanswered{"NeverAnswers", ExchangeEnd::kTimedOut, 0, false, Code::kDeadlineExceeded,
                                 Reason::kUpstreamTimeout, Phase::kWait},
                      Unanswered{"DripsBody", ExchangeEnd::kTimedOut, 200, true, Code::kDeadlineExceeded,
                                 Reason::kUpstreamTimeout, Phase::kReceive},
                      Unanswered{"BodyTooShort", ExchangeEnd::kTruncated, 200, true, Code::kUnknown,
                                 Reason::kUpstreamTruncated, Phase::kReceive},
                      Unanswered{"ResetInBody", ExchangeEnd::kReset, 200, true, Code::kUnknown,
                                 Reason::kUpstreamTruncated, Phase::kReceive},
                      Unanswered{"NoHttp", ExchangeEnd::kProtocolError, 0, false, Code::kUnknown,
                                 Reason::kUpstreamProtocolError, Phase::kWait},
                      Unanswered{"NulInHeader", ExchangeEnd::kProtocolError, 200, false, Code::kUnknown,
                                 Reason::kUpstreamProtocolError, Phase::kReceive},
                      Unanswered{"HeadersTooLarge", ExchangeEnd::kTooLarge, 200, false, Code::kUnknown,
                                 Reason::kUpstreamResponseTooLarge, Phase::kReceive},
                      Unanswered{"BodyTooLarge", ExchangeEnd::kTooLarge, 200, true, Code::kUnknown,
                                 Reason::kUpstreamResponseTooLarge, Phase::kReceive},
                      Unanswered{"ErrorStatusButHeadersCut", ExchangeEnd::kReset, 503, false, Code::kUnknown,
                                 Reason::kUpstreamTruncated, Phase::kReceive}),
    [](const auto& test) { return test.param.name; });

TEST(JudgeTest, TakesACompleteResponseOfAnyStatus) {
  for (const int status : {200, 204, 307, 413, 500, 999})
    EXPECT_THAT(Judge(ExchangeEnd::kComplete, status, true), IsOk());
  EXPECT_THAT(Judge(ExchangeEnd::kComplete, 200, false), IsOk()) << "a status line, then the end";
}

TEST(JudgeTest, TakesAnErrorStatusForAVerdictWhateverBecameOfItsBody) {
  for (const ExchangeEnd end :
       {ExchangeEnd::kTimedOut, ExchangeEnd::kReset, ExchangeEnd::kTruncated, ExchangeEnd::kTooLarge}) {
    EXPECT_THAT(Judge(end, 429, true), IsOk());
  }
}

TEST(JudgeTest, TellsTheStatusInMetadata) {
  EXPECT_THAT(GetErrorDetails(Judge(ExchangeEnd::kTruncated, 200, true)).metadata,
              ::testing::ElementsAre(::testing::Pair("httpStatus", "200")));
}

TEST(JudgeTest, NeverCallsWhatMayHaveBeenSentUnappliedOrUnavailable) {
  for (int end = 0; end <= static_cast<int>(ExchangeEnd::kTooLarge); ++end) {
    for (const int http_status : {0, 100, 200, 204, 303, 400, 404, 500, 503, 999}) {
      for (const bool headers_complete : {false, true}) {
        const absl::Status status = Judge(static_cast<ExchangeEnd>(end), http_status, headers_complete);
        if (status.ok()) {  // only a verdict that was read: complete, or an error status with all its headers
          EXPECT_TRUE(http_status != 0 && (end == 0 || (http_status >= 400 && headers_complete)));
          continue;
        }
        EXPECT_THAT(status, HasOutcome(Outcome::kUnknown)) << end << ", status " << http_status;
        EXPECT_THAT(status, StatusIs(Not(Code::kUnavailable))) << end << ", status " << http_status;
      }
    }
  }
}

}  // namespace
}  // namespace interaction::http
