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
constexpr Outcome kMaybe = Outcome::kUnknown;

struct Fault {
  const char* name;
  TransferFacts facts;
  Outcome outcome;
  Code code;
  Reason reason;
  Phase phase;
};

TransferFacts Unsent(int curl_code) { return {.curl_code = curl_code}; }
TransferFacts Sent(int curl_code) { return {.curl_code = curl_code, .prereq_calls = 1}; }
TransferFacts WithStatus(int curl_code, int status) {
  return {.curl_code = curl_code, .prereq_calls = 1, .http_status = status, .headers_complete = true};
}

TransferFacts With(TransferFacts facts, void (*change)(TransferFacts&)) {
  change(facts);
  return facts;
}

class FaultTest : public ::testing::TestWithParam<Fault> {};

TEST_P(FaultTest, IsClassified) {
  const Fault& row = GetParam();
  const absl::Status status = Classify(row.facts);
  EXPECT_THAT(status, StatusIs(row.code));
  EXPECT_THAT(status, HasReason(row.reason));
  EXPECT_THAT(status, HasOutcome(row.outcome));
  EXPECT_EQ(GetErrorDetails(status).phase, row.phase);
}

INSTANTIATE_TEST_SUITE_P(
    BeforeSending, FaultTest,
    ::testing::Values(
        Fault{"NameDoesNotResolve", Unsent(6), kNot, Code::kUnavailable, Reason::kUpstreamDnsFailure, Phase::kResolve},
        Fault{"ResolvingTimesOut", With(Unsent(28), [](auto& f) { f.stage = Stage::kResolving; }), kNot,
              Code::kUnavailable, Reason::kUpstreamDnsTimeout, Phase::kResolve},
        Fault{"ResolvingUsesUpTheTimeout",
              With(Unsent(28), [](auto& f) { f.stage = Stage::kResolving, f.timed_out_in_all = true; }), kNot,
              Code::kDeadlineExceeded, Reason::kUpstreamDnsTimeout, Phase::kResolve},
        Fault{"ConnectRefused", With(Unsent(7), [](auto& f) { f.os_errno = ECONNREFUSED; }), kNot, Code::kUnavailable,
              Reason::kUpstreamConnectFailed, Phase::kConnect},
        Fault{"Unreachable", With(Unsent(7), [](auto& f) { f.os_errno = EHOSTUNREACH; }), kNot, Code::kUnavailable,
              Reason::kUpstreamConnectFailed, Phase::kConnect},
        Fault{"ConnectTimesOut", Unsent(28), kNot, Code::kUnavailable, Reason::kUpstreamConnectTimeout,
              Phase::kConnect},
        Fault{"HandshakeTimesOut", With(Unsent(28), [](auto& f) { f.stage = Stage::kTlsHandshake; }), kNot,
              Code::kUnavailable, Reason::kUpstreamConnectTimeout, Phase::kTls},
        Fault{"AddressForbiddenAtSocket", With(Unsent(7), [](auto& f) { f.address_forbidden = true; }), kNot,
              Code::kFailedPrecondition, Reason::kEgressAddressForbidden, Phase::kConnect},
        Fault{"AddressForbiddenAtReuse", With(Unsent(42), [](auto& f) { f.address_forbidden = true; }), kNot,
              Code::kFailedPrecondition, Reason::kEgressAddressForbidden, Phase::kConnect},
        Fault{"CertificateDoesNotVerify", Unsent(60), kNot, Code::kFailedPrecondition, Reason::kUpstreamTlsVerifyFailed,
              Phase::kTls},
        Fault{"CaFileUnusable", Unsent(77), kNot, Code::kInternal, Reason::kEgressTlsConfig, Phase::kTls},
        Fault{"ClientCertificateUnusable", Unsent(58), kNot, Code::kInternal, Reason::kEgressTlsConfig, Phase::kTls},
        Fault{"HandshakeReset", Unsent(35), kNot, Code::kUnavailable, Reason::kUpstreamTlsFailed, Phase::kTls},
        Fault{"HandshakeAlert", With(Unsent(35), [](auto& f) { f.tls_alert = true; }), kNot, Code::kFailedPrecondition,
              Reason::kUpstreamTlsFailed, Phase::kTls},
        Fault{"ProxyDoesNotResolve", Unsent(5), kNot, Code::kUnavailable, Reason::kEgressProxyFailed, Phase::kResolve},
        Fault{"ProxyRefuses", With(Unsent(7), [](auto& f) { f.via_proxy = true; }), kNot, Code::kUnavailable,
              Reason::kEgressProxyFailed, Phase::kConnect},
        Fault{"ProxyAnswers503", With(Unsent(56), [](auto& f) { f.via_proxy = true, f.proxy_status = 503; }), kNot,
              Code::kUnavailable, Reason::kEgressProxyFailed, Phase::kConnect},
        Fault{"ProxyWantsCredentials", With(Unsent(56), [](auto& f) { f.via_proxy = true, f.proxy_status = 407; }),
              kNot, Code::kFailedPrecondition, Reason::kEgressProxyAuth, Phase::kConnect},
        Fault{"ConnectionBreaksEarly", Unsent(56), kNot, Code::kUnavailable, Reason::kUpstreamConnectFailed,
              Phase::kConnect},
        Fault{"NoDescriptorsLeft", With(Unsent(7), [](auto& f) { f.os_errno = EMFILE; }), kNot,
              Code::kResourceExhausted, Reason::kLocalResource, Phase::kConnect},
        Fault{"NoDescriptorsLeftInTheSystem", With(Unsent(7), [](auto& f) { f.os_errno = ENFILE; }), kNot,
              Code::kResourceExhausted, Reason::kLocalResource, Phase::kConnect},
        Fault{"LibraryCannotStart", Unsent(2), kNot, Code::kResourceExhausted, Reason::kLocalResource, Phase::kConnect},
        Fault{"OutOfMemory", Unsent(27), kNot, Code::kResourceExhausted, Reason::kLocalResource, Phase::kConnect},
        Fault{"BadUrl", Unsent(3), kNot, Code::kInternal, Reason::kInternalError, Phase::kConnect},
        Fault{"ProtocolNotAllowed", Unsent(1), kNot, Code::kInternal, Reason::kInternalError, Phase::kConnect},
        Fault{"SuccessWithoutSending", Unsent(0), kMaybe, Code::kInternal, Reason::kInternalError, Phase::kConnect}),
    [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(
    AfterSending, FaultTest,
    ::testing::Values(
        Fault{"ClientCertificateDemandedByTls13", Sent(56), kMaybe, Code::kUnknown, Reason::kUpstreamConnectionLost,
              Phase::kWait},
        Fault{"ResetAtOnce", With(Sent(56), [](auto& f) { f.os_errno = ECONNRESET; }), kMaybe, Code::kUnknown,
              Reason::kUpstreamConnectionLost, Phase::kWait},
        Fault{"ClosedWithoutAnswer", Sent(52), kMaybe, Code::kUnknown, Reason::kUpstreamConnectionLost, Phase::kWait},
        Fault{"BrokenWhileSending", Sent(55), kMaybe, Code::kUnknown, Reason::kUpstreamConnectionLost, Phase::kSend},
        Fault{"ResendStopped", With(Sent(42), [](auto& f) { f.prereq_calls = 2; }), kMaybe, Code::kUnknown,
              Reason::kUpstreamConnectionLost, Phase::kWait},
        Fault{"NeverAnswers", Sent(28), kMaybe, Code::kDeadlineExceeded, Reason::kUpstreamTimeout, Phase::kWait},
        Fault{"DripsBody", WithStatus(28, 200), kMaybe, Code::kDeadlineExceeded, Reason::kUpstreamTimeout,
              Phase::kReceive},
        Fault{"ContentLengthShort", WithStatus(18, 200), kMaybe, Code::kUnknown, Reason::kUpstreamTruncated,
              Phase::kReceive},
        Fault{"ResetInBody", WithStatus(56, 200), kMaybe, Code::kUnknown, Reason::kUpstreamTruncated, Phase::kReceive},
        Fault{"Http09", Sent(1), kMaybe, Code::kUnknown, Reason::kUpstreamProtocolError, Phase::kWait},
        Fault{"NulInHeader", WithStatus(8, 200), kMaybe, Code::kUnknown, Reason::kUpstreamProtocolError,
              Phase::kReceive},
        Fault{"NoStatusLine", Sent(0), kMaybe, Code::kUnknown, Reason::kUpstreamProtocolError, Phase::kWait},
        Fault{"HeadersOverCap", With(Sent(23), [](auto& f) { f.http_status = 200, f.header_cap_hit = true; }), kMaybe,
              Code::kUnknown, Reason::kUpstreamResponseTooLarge, Phase::kReceive},
        Fault{"OneHugeHeader", With(Sent(27), [](auto& f) { f.http_status = 200; }), kMaybe, Code::kUnknown,
              Reason::kUpstreamResponseTooLarge, Phase::kReceive},
        Fault{"BodyOverCap", With(WithStatus(23, 200), [](auto& f) { f.body_cap_hit = true; }), kMaybe, Code::kUnknown,
              Reason::kUpstreamResponseTooLarge, Phase::kReceive},
        Fault{"BadEncoding", WithStatus(61, 200), kMaybe, Code::kUnknown, Reason::kUpstreamMalformedResponse,
              Phase::kReceive},
        Fault{"Http2StreamReset", Sent(92), kMaybe, Code::kUnknown, Reason::kUpstreamConnectionLost, Phase::kWait},
        Fault{"Http2ConnectionClosed", Sent(16), kMaybe, Code::kUnknown, Reason::kUpstreamConnectionLost, Phase::kWait},
        Fault{"Http2GoAway", Sent(18), kMaybe, Code::kUnknown, Reason::kUpstreamConnectionLost, Phase::kWait},
        Fault{"ErrorStatusButHeadersCut", With(WithStatus(56, 503), [](auto& f) { f.headers_complete = false; }),
              kMaybe, Code::kUnknown, Reason::kUpstreamTruncated, Phase::kReceive}),
    [](const auto& test) { return test.param.name; });

struct Answered {
  const char* name;
  TransferFacts facts;
};

class AnsweredTest : public ::testing::TestWithParam<Answered> {};

TEST_P(AnsweredTest, IsAResponse) { EXPECT_THAT(Classify(GetParam().facts), IsOk()); }

INSTANTIATE_TEST_SUITE_P(
    Facts, AnsweredTest,
    ::testing::Values(Answered{"Complete", WithStatus(0, 200)}, Answered{"CompleteError", WithStatus(0, 500)},
                      Answered{"Redirect", WithStatus(0, 307)},
                      Answered{"StatusLineThenClose",
                               With(WithStatus(0, 200), [](auto& f) { f.headers_complete = false; })},
                      Answered{"EarlyAnswerWhileSending", WithStatus(0, 413)},
                      Answered{"ErrorBodyCut", WithStatus(18, 400)}, Answered{"ErrorBodyReset", WithStatus(56, 503)},
                      Answered{"ErrorBodyDrips", WithStatus(28, 429)},
                      Answered{"ErrorBodyOverCap", With(WithStatus(23, 403), [](auto& f) { f.body_cap_hit = true; })}),
    [](const auto& test) { return test.param.name; });

TEST(ClassifyTest, TellsCodeAndStatusInMetadata) {
  const ErrorDetails details = GetErrorDetails(Classify(WithStatus(18, 200)));
  EXPECT_THAT(details.metadata,
              ::testing::UnorderedElementsAre(::testing::Pair("curlCode", "18"), ::testing::Pair("httpStatus", "200")));
}

TEST(ClassifyTest, NeverCallsWhatMayHaveBeenSentUnappliedOrUnavailable) {
  int verdicts = 0;
  for (int code = 0; code < CURL_LAST; ++code) {
    for (const int prereq_calls : {1, 2, 3}) {
      for (const int http_status : {0, 100, 200, 204, 303, 400, 404, 500, 503, 999}) {
        for (const int flags : {0, 1, 2, 3, 4, 5, 6, 7, 8, 15}) {
          const TransferFacts facts = {.curl_code = code,
                                       .prereq_calls = prereq_calls,
                                       .http_status = http_status,
                                       .headers_complete = (flags & 1) != 0,
                                       .address_forbidden = (flags & 2) != 0,
                                       .os_errno = (flags & 4) != 0 ? EMFILE : 0,
                                       .via_proxy = (flags & 8) != 0,
                                       .proxy_status = (flags & 8) != 0 ? 407 : 0};
          const absl::Status status = Classify(facts);
          if (status.ok()) {  // only a verdict that was read: complete, or an error status with all its headers
            EXPECT_EQ(prereq_calls, 1);
            EXPECT_TRUE(http_status != 0 && (code == CURLE_OK || (http_status >= 400 && facts.headers_complete)));
            ++verdicts;
            continue;
          }
          EXPECT_THAT(status, HasOutcome(kMaybe)) << "code " << code << ", status " << http_status;
          EXPECT_THAT(status, StatusIs(Not(Code::kUnavailable))) << "code " << code << ", status " << http_status;
        }
      }
    }
  }
  EXPECT_GT(verdicts, 0);
}

TEST(ClassifyTest, NeverCallsWhatWasNotSentUnknown) {
  for (int code = 1; code < CURL_LAST; ++code) {
    for (const bool flag : {false, true}) {
      const TransferFacts facts = {.curl_code = code, .address_forbidden = flag, .tls_alert = flag, .via_proxy = flag};
      EXPECT_THAT(Classify(facts), HasOutcome(kNot)) << "code " << code;
    }
  }
}

}  // namespace
}  // namespace interaction::http
