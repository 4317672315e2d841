#include "server/upstream/wolkvox/response_decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "tests/support/matchers.h"

namespace interaction::wolkvox {
namespace {

using ::interaction::testing::EqualsProto;
using ::interaction::testing::HasOutcome;
using ::interaction::testing::HasReason;
using ::interaction::testing::IsOk;
using ::interaction::testing::IsOkAndHolds;
using ::interaction::testing::StatusIs;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::TestWithParam;
using ::testing::ValuesIn;
using upstream::CredentialOwner;
using Code = absl::StatusCode;

constexpr Outcome kNot = Outcome::kNotApplied;
constexpr Outcome kUnknown = Outcome::kUnknown;

absl::StatusOr<v1::AddWolkvoxInteractionResponse> Decode(int status, absl::string_view body,
                                                         CredentialOwner owner = CredentialOwner::kCaller) {
  http::Response response;
  response.status = status;
  response.body = std::string(body);
  return DecodeAnswer(response, {.owner = owner, .now = absl::FromUnixSeconds(1800000000)});
}

// An answer as wolkvox writes it; `code` as it stands in the JSON.
std::string Say(absl::string_view code, absl::string_view error, absl::string_view message) {
  return absl::StrCat(R"({"code": )", code, R"(, "error": )", error, R"(, "msg": ")", message, "\"}");
}

std::string Quoted(absl::string_view text) { return absl::StrCat("\"", text, "\""); }

std::string Repeat(int times, absl::string_view text) {
  std::string result;
  for (int i = 0; i < times; ++i) absl::StrAppend(&result, text);
  return result;
}

template <typename Case>
std::string NameOf(const ::testing::TestParamInfo<Case>& info) {
  return info.param.name;
}

// ---- Successes.

TEST(DecodeAnswerTest, ReadsTheSampleOfThePage) {
  EXPECT_THAT(
      Decode(
          201,
          R"({"code": "201", "error": null, "msg": "XXXXX routing point was executed and assigned to agent (XXXX) "})"),
      IsOkAndHolds(
          EqualsProto(R"pb(code: 201 message: "XXXXX routing point was executed and assigned to agent (XXXX) ")pb")));
}

TEST(DecodeAnswerTest, ASuccessIsOneOfThreeCodesAsNumberOrString) {
  for (int code : {200, 201, 202}) {
    for (const std::string& spelled : {std::to_string(code), Quoted(std::to_string(code))}) {
      for (int http : {200, 201, 202}) {
        const auto reply = Decode(http, Say(spelled, "null", "m"));
        ASSERT_THAT(reply, IsOk()) << http << " " << spelled;
        EXPECT_EQ(reply->code(), code);
        EXPECT_EQ(reply->message(), "m");
        EXPECT_FALSE(reply->has_error());
      }
    }
  }
}

TEST(DecodeAnswerTest, ReadsWhatPhpWrites) {
  EXPECT_THAT(Decode(200, R"({"code":"201","error":null,"msg":"Lo\u00eb \/ \ud83d\ude00\r\n"})"),
              IsOkAndHolds(EqualsProto(R"pb(code: 201 message: "Lo\303\253 / \360\237\230\200\r\n")pb")));
}

TEST(DecodeAnswerTest, PassesOverAMarkWhiteSpaceAndUnknownMembers) {
  for (const char* body : {"\xef\xbb\xbf{\"code\":201,\"error\":null,\"msg\":\"m\"}",
                           "\r\n\t {\"code\":201,\"error\":null,\"msg\":\"m\"} \n",
                           R"({"id":7,"data":{"code":"403"},"msg":"m","error":null,"code":201})"}) {
    EXPECT_THAT(Decode(200, body), IsOkAndHolds(EqualsProto(R"pb(code: 201 message: "m")pb"))) << body;
  }
}

TEST(DecodeAnswerTest, ErrorAndMessageMayBeMissing) {
  EXPECT_THAT(Decode(200, R"({"code":"201"})"), IsOkAndHolds(EqualsProto("code: 201")));
  EXPECT_THAT(Decode(200, R"({"code":"201","msg":null})"), IsOkAndHolds(EqualsProto("code: 201")));
}

TEST(DecodeAnswerTest, ReadsAMessageOfTenMegabytes) {
  const std::string message(10 << 20, 'm');
  const auto reply = Decode(200, Say("201", "null", message));
  ASSERT_THAT(reply, IsOk());
  EXPECT_EQ(reply->message(), message);
}

// ---- Failures: the vendor's page of response codes, and what is known beside it.

struct Row {
  const char* name;
  int code;
  const char* error;  // as JSON
  const char* message;
  Reason reason;
  Code theirs;  // when the caller sent its own token
  Code ours;    // when the token is the gateway's
  Outcome outcome;
  std::optional<absl::Duration> retry_after = std::nullopt;
};

const Row kRows[] = {
    {"UnknownApi", 400, "\"BAD REQUEST\"", "THE API YOU WANT TO CONSULT DOES NOT EXIST",
     Reason::kUpstreamEndpointNotFound, Code::kFailedPrecondition, Code::kFailedPrecondition, kNot},
    {"MissingParameters", 400, "\"BAD REQUEST\"", "SOME PARAMETERS ARE REQUIRED", Reason::kUpstreamRejectedArgument,
     Code::kInvalidArgument, Code::kInvalidArgument, kNot},
    {"Other400", 400, "\"BAD REQUEST\"", "SOMETHING NEW", Reason::kUpstreamRejectedArgument, Code::kInvalidArgument,
     Code::kInvalidArgument, kNot},
    {"NoToken", 401, "\"UNAUTHORIZED\"", "PLEASE ENTER THE WOLKVOX-TOKEN", Reason::kUpstreamCredentialsRejected,
     Code::kUnauthenticated, Code::kFailedPrecondition, kNot},
    {"DailyLimit", 403, "\"FORBIDDEN\"", "TOKEN LIMIT EXCEEDED", Reason::kUpstreamDailyQuota, Code::kResourceExhausted,
     Code::kResourceExhausted, kNot},
    {"Simultaneous", 403, "\"FORBIDDEN\"", "EXCEEDS THE LIMIT OF SIMULTANEOUS REQUESTS PER TOKEN (2)",
     Reason::kUpstreamConcurrencyLimit, Code::kResourceExhausted, Code::kResourceExhausted, kNot, absl::Seconds(1)},
    {"InvalidToken", 403, "\"FORBIDDEN\"", "PLEASE VALIDATE TOKEN", Reason::kUpstreamPermissionDenied,
     Code::kPermissionDenied, Code::kFailedPrecondition, kNot},
    {"Backup", 403, "\"FORBIDDEN\"", "A BACKUP IS RUNNING", Reason::kUpstreamMaintenance, Code::kUnavailable,
     Code::kUnavailable, kNot, absl::Seconds(60)},
    {"Maintenance", 403, "\"FORBIDDEN\"", "SERVER IN MAINTENANCE", Reason::kUpstreamMaintenance, Code::kUnavailable,
     Code::kUnavailable, kNot, absl::Seconds(60)},
    {"Mantenimiento", 403, "\"FORBIDDEN\"", "SERVIDOR EN MANTENIMIENTO", Reason::kUpstreamMaintenance,
     Code::kUnavailable, Code::kUnavailable, kNot, absl::Seconds(60)},
    {"Respaldo", 403, "\"FORBIDDEN\"", "RESPALDO EN CURSO", Reason::kUpstreamMaintenance, Code::kUnavailable,
     Code::kUnavailable, kNot, absl::Seconds(60)},
    {"NotFound", 404, "\"NOT FOUND\"", "ROUTING POINT NOT FOUND", Reason::kUpstreamNotFound, Code::kNotFound,
     Code::kNotFound, kNot},
    {"Conflict", 409, "\"CONFLICT\"", "x", Reason::kUpstreamConflict, Code::kAborted, Code::kAborted, kNot},
    {"TooLarge", 413, "\"TOO LARGE\"", "x", Reason::kUpstreamPayloadTooLarge, Code::kInvalidArgument,
     Code::kInvalidArgument, kNot},
    {"TooMany", 429, "\"TOO MANY\"", "x", Reason::kUpstreamRateLimited, Code::kResourceExhausted,
     Code::kResourceExhausted, kNot, absl::Seconds(1)},
    {"Other4xx", 418, "\"TEAPOT\"", "x", Reason::kUpstreamRejected, Code::kFailedPrecondition,
     Code::kFailedPrecondition, kNot},
    {"InternalError", 500, "\"INTERNAL\"", "x", Reason::kUpstreamInternalError, Code::kUnknown, Code::kUnknown,
     kUnknown},
    {"BadGateway", 502, "\"BAD GATEWAY\"", "x", Reason::kUpstreamBadGateway, Code::kUnknown, Code::kUnknown, kUnknown},
    {"GatewayTimeout", 504, "\"TIMEOUT\"", "x", Reason::kUpstreamGatewayTimeout, Code::kDeadlineExceeded,
     Code::kDeadlineExceeded, kUnknown},
    {"ASuccessThatIsNotOneHere", 204, "null", "x", Reason::kUpstreamMalformedResponse, Code::kUnknown, Code::kUnknown,
     kUnknown},
};

class FailureTest : public TestWithParam<Row> {
 protected:
  // The answer of the row in every form in which it comes: the code as a string and as a number, with HTTP 200 and with
  // HTTP's status as the code, the message in either case and with blanks around.
  void ForEachForm(const std::function<void(int http, const std::string& body)>& use) const {
    const Row& row = GetParam();
    const std::string messages[] = {row.message, absl::AsciiStrToLower(row.message),
                                    absl::StrCat("  ", row.message, " \\r\\n")};
    for (int http : {200, row.code}) {
      for (const std::string& code : {Quoted(absl::StrCat(row.code)), absl::StrCat(row.code)}) {
        for (const std::string& message : messages) use(http, Say(code, row.error, message));
      }
    }
  }
};

TEST_P(FailureTest, EqualsTheTable) {
  ForEachForm([](int http, const std::string& body) {
    for (CredentialOwner owner : {CredentialOwner::kCaller, CredentialOwner::kGateway}) {
      const auto reply = Decode(http, body, owner);
      EXPECT_THAT(reply, StatusIs(owner == CredentialOwner::kCaller ? GetParam().theirs : GetParam().ours))
          << http << body;
      EXPECT_THAT(reply, HasReason(GetParam().reason)) << http << body;
      EXPECT_THAT(reply, HasOutcome(GetParam().outcome)) << http << body;
    }
  });
}

TEST_P(FailureTest, NamesBothCodesAndWhenToComeBack) {
  ForEachForm([](int http, const std::string& body) {
    const ErrorDetails details = GetErrorDetails(Decode(http, body).status());
    EXPECT_THAT(details.metadata, Contains(Pair("httpStatus", absl::StrCat(http)))) << http << body;
    EXPECT_THAT(details.metadata, Contains(Pair("upstreamCode", absl::StrCat(GetParam().code)))) << http << body;
    EXPECT_EQ(details.retry_after, GetParam().retry_after) << http << body;
  });
}

TEST_P(FailureTest, RepeatsNothingOfErrorAndMessage) {
  const std::string body =
      Say(absl::StrCat(GetParam().code), "\"canary\"", absl::StrCat(GetParam().message, " canary"));
  EXPECT_THAT(Decode(200, body).status().ToString(), Not(HasSubstr("canary")));
}

INSTANTIATE_TEST_SUITE_P(Wolkvox, FailureTest, ValuesIn(kRows), NameOf<Row>);

TEST(ForbiddenTest, AnythingElseIsPermissionDenied) {
  for (const char* message : {"", "SOMETHING NEW", "TOKEN", "LIMIT EXCEEDED"}) {
    const auto reply = Decode(200, Say("\"403\"", "\"FORBIDDEN\"", message));
    EXPECT_THAT(reply, StatusIs(Code::kPermissionDenied)) << message;
    EXPECT_THAT(reply, HasReason(Reason::kUpstreamPermissionDenied)) << message;
    EXPECT_THAT(reply, HasOutcome(kNot)) << message;
    // Not for certain about the token, so not for certain the operator's to repair.
    EXPECT_THAT(Decode(200, Say("\"403\"", "\"FORBIDDEN\"", message), CredentialOwner::kGateway),
                StatusIs(Code::kPermissionDenied))
        << message;
  }
}

TEST(ForbiddenTest, TheDailyLimitIsAQuota) {
  const auto limited = Decode(200, Say("403", "\"FORBIDDEN\"", "TOKEN LIMIT EXCEEDED"));
  EXPECT_THAT(GetErrorDetails(limited.status()).quota_subject, Not(IsEmpty()));
  const auto busy =
      Decode(200, Say("403", "\"FORBIDDEN\"", "EXCEEDS THE LIMIT OF SIMULTANEOUS REQUESTS PER TOKEN (2)"));
  EXPECT_THAT(GetErrorDetails(busy.status()).quota_subject, IsEmpty());
}

TEST(ForbiddenTest, OnlyARejectedCredentialOfTheGatewaysIsAPrecondition) {
  const auto precondition = [](const char* message) {
    const auto reply = Decode(200, Say("403", "\"FORBIDDEN\"", message), CredentialOwner::kGateway);
    return GetErrorDetails(reply.status()).precondition_subject;
  };
  EXPECT_THAT(precondition("PLEASE VALIDATE TOKEN"), Not(IsEmpty()));
  EXPECT_THAT(precondition("TOKEN LIMIT EXCEEDED"), IsEmpty());
  EXPECT_THAT(precondition("A BACKUP IS RUNNING"), IsEmpty());
}

// A program that answers 5xx has run, and its own 503 proves no more than its 500.
TEST(ServerErrorTest, A5xxWithinAnAnswerLeavesTheOutcomeOpen) {
  for (int code = 500; code <= 599; ++code) {
    for (int http : {200, code}) {
      const auto reply = Decode(http, Say(absl::StrCat(code), "\"x\"", "x"));
      EXPECT_THAT(reply, HasOutcome(kUnknown)) << http << " " << code;
      EXPECT_THAT(reply, Not(StatusIs(Code::kUnavailable))) << http << " " << code;
    }
  }
}

// ---- HTTP and the answer disagree.

TEST(DisagreementTest, AFailureInsideASuccessIsAFailure) {
  EXPECT_THAT(Decode(200, Say("\"403\"", "\"FORBIDDEN\"", "PLEASE VALIDATE TOKEN")), HasOutcome(kNot));
  EXPECT_THAT(Decode(201, Say("400", "\"BAD REQUEST\"", "SOME PARAMETERS ARE REQUIRED")), HasOutcome(kNot));
  EXPECT_THAT(Decode(200, Say("500", "\"x\"", "x")), HasOutcome(kUnknown));
}

TEST(DisagreementTest, ASuccessInsideAFailureLeavesTheOutcomeOpen) {
  for (int http : {400, 401, 403, 404, 429, 500, 502, 503, 504}) {
    for (const char* code : {"200", "\"201\"", "202"}) {
      const auto reply = Decode(http, Say(code, "null", "m"));
      EXPECT_THAT(reply, StatusIs(Code::kUnknown)) << http << " " << code;
      EXPECT_THAT(reply, HasReason(Reason::kUpstreamContradictory)) << http << " " << code;
      EXPECT_THAT(reply, HasOutcome(kUnknown)) << http << " " << code;
    }
  }
}

TEST(DisagreementTest, ASuccessWithAnErrorLeavesTheOutcomeOpen) {
  for (const char* error : {R"("FORBIDDEN")", R"("")", "false", "0", "{}", R"(["x"])"}) {
    const auto reply = Decode(201, Say("\"201\"", error, "m"));
    EXPECT_THAT(reply, StatusIs(Code::kUnknown)) << error;
    EXPECT_THAT(reply, HasReason(Reason::kUpstreamContradictory)) << error;
    EXPECT_THAT(reply, HasOutcome(kUnknown)) << error;
  }
}

TEST(DisagreementTest, TheCodeCountsBeforeTheHttpStatus) {
  EXPECT_THAT(Decode(500, Say("403", "\"FORBIDDEN\"", "TOKEN LIMIT EXCEEDED")), HasReason(Reason::kUpstreamDailyQuota));
  EXPECT_THAT(Decode(403, Say("404", "\"NOT FOUND\"", "x")), HasReason(Reason::kUpstreamNotFound));
}

// ---- Redirects.

class RedirectTest : public TestWithParam<int> {};

// "See other" is a usual answer to a POST that was carried out; no other redirect is.
TEST_P(RedirectTest, IsOneWhateverTheBodySays) {
  const int http = GetParam();
  for (const char* code :
       {"200", "\"201\"", "300", "302", "\"302\"", "303", "307", "400", "403", "\"403\"", "503", "x"}) {
    for (const char* error : {"null", "\"FOUND\"", "\"FORBIDDEN\""}) {
      const auto reply = Decode(http, Say(code, error, "PLEASE VALIDATE TOKEN"));
      EXPECT_THAT(reply, HasReason(Reason::kUpstreamRedirect)) << http << " " << code;
      EXPECT_THAT(reply, StatusIs(http == 303 ? Code::kUnknown : Code::kFailedPrecondition)) << http << " " << code;
      EXPECT_THAT(reply, HasOutcome(http == 303 ? kUnknown : kNot)) << http << " " << code;
    }
  }
}

TEST_P(RedirectTest, IsOneWithTheSameCodeInTheBody) {
  const int http = GetParam();
  for (const std::string& code : {absl::StrCat(http), Quoted(absl::StrCat(http))}) {
    const auto reply = Decode(http, Say(code, "null", "m"));
    EXPECT_THAT(reply, HasReason(Reason::kUpstreamRedirect)) << code;
    EXPECT_THAT(reply, HasOutcome(http == 303 ? kUnknown : kNot)) << code;
    EXPECT_THAT(GetErrorDetails(reply.status()).metadata, Contains(Pair("upstreamCode", absl::StrCat(http)))) << code;
  }
}

INSTANTIATE_TEST_SUITE_P(Wolkvox, RedirectTest, ::testing::Range(300, 309), ::testing::PrintToStringParamName());

// The program that writes the answer has run, and nobody has said what it means by that.
TEST(RedirectCodeTest, ARedirectInsideASuccessLeavesTheOutcomeOpen) {
  for (int code = 300; code < 400; ++code) {
    const auto reply = Decode(200, Say(absl::StrCat(code), "null", "m"));
    EXPECT_THAT(reply, HasReason(Reason::kUpstreamMalformedResponse)) << code;
    EXPECT_THAT(reply, StatusIs(Code::kUnknown)) << code;
    EXPECT_THAT(reply, HasOutcome(kUnknown)) << code;
  }
}

// ---- Answers without a code that can be believed.

struct OddCode {
  const char* name;
  std::string code;
};

class OddCodeTest : public TestWithParam<OddCode> {};

TEST_P(OddCodeTest, LeavesTheOutcomeOfASuccessOpen) {
  for (int http : {200, 201, 202}) {
    const auto reply = Decode(http, Say(GetParam().code, "null", "m"));
    EXPECT_THAT(reply, StatusIs(Code::kUnknown));
    EXPECT_THAT(reply, HasReason(Reason::kUpstreamMalformedResponse));
    EXPECT_THAT(reply, HasOutcome(kUnknown));
    EXPECT_THAT(GetErrorDetails(reply.status()).metadata, Not(Contains(Pair("upstreamCode", ::testing::_))));
  }
}

TEST_P(OddCodeTest, LeavesTheVerdictToTheHttpStatus) {
  EXPECT_THAT(Decode(401, Say(GetParam().code, "null", "m")), HasReason(Reason::kUpstreamCredentialsRejected));
  EXPECT_THAT(Decode(500, Say(GetParam().code, "null", "m")), HasReason(Reason::kUpstreamInternalError));
}

INSTANTIATE_TEST_SUITE_P(Wolkvox, OddCodeTest,
                         ValuesIn<OddCode>({
                             {"Null", "null"},
                             {"True", "true"},
                             {"AnArray", "[201]"},
                             {"AnObject", R"({"code":201})"},
                             {"EmptyText", R"("")"},
                             {"AWord", R"("OK")"},
                             {"AFraction", "201.0"},
                             {"AFractionAsText", R"("201.0")"},
                             {"AnExponent", "1e2"},
                             {"AnExponentAsText", R"("1e2")"},
                             {"ALeadingZeroAsText", R"("0201")"},
                             {"BlanksAround", R"(" 201 ")"},
                             {"ASign", R"("+201")"},
                             {"Hexadecimal", R"("0xC9")"},
                             {"DigitsOfAnotherScript", "\"\u0662\u0660\u0661\""},
                             {"ANulAfter", R"("201\u0000")"},
                             {"Zero", "0"},
                             {"Negative", "-201"},
                             {"BelowTheRange", "99"},
                             {"AboveTheRange", "600"},
                             {"AboveTheRangeAsText", R"("999")"},
                             {"BeyondThirtyTwoBits", "4294967497"},
                             {"BeyondSixtyFourBits", "18446744073709551817"},
                             {"ManyDigitsAsText", "\"" + std::string(10000, '2') + "\""},
                         }),
                         NameOf<OddCode>);

struct Body {
  const char* name;
  std::string body;
};

class MalformedTest : public TestWithParam<Body> {};

TEST_P(MalformedTest, LeavesTheOutcomeOfASuccessOpen) {
  for (int http : {200, 201, 202, 204, 205}) {
    const auto reply = Decode(http, GetParam().body);
    EXPECT_THAT(reply, StatusIs(Code::kUnknown)) << http;
    EXPECT_THAT(reply, HasReason(Reason::kUpstreamMalformedResponse)) << http;
    EXPECT_THAT(reply, HasOutcome(kUnknown)) << http;
    EXPECT_THAT(reply.status().ToString(), Not(HasSubstr("canary"))) << http;
  }
}

TEST_P(MalformedTest, LeavesTheVerdictToTheHttpStatus) {
  const struct {
    int http;
    Reason reason;
  } rows[] = {
      {400, Reason::kUpstreamRejectedArgument}, {401, Reason::kUpstreamCredentialsRejected},
      {403, Reason::kUpstreamPermissionDenied}, {404, Reason::kUpstreamEndpointNotFound},
      {302, Reason::kUpstreamRedirect},         {429, Reason::kUpstreamRateLimited},
      {500, Reason::kUpstreamInternalError},    {502, Reason::kUpstreamBadGateway},
      {503, Reason::kUpstreamUnavailable},
  };
  for (const auto& row : rows) EXPECT_THAT(Decode(row.http, GetParam().body), HasReason(row.reason)) << row.http;
}

INSTANTIATE_TEST_SUITE_P(
    Wolkvox, MalformedTest,
    ValuesIn<Body>({
        {"Nothing", ""},
        {"WhiteSpace", " \r\n"},
        {"AMarkAlone", "\xef\xbb\xbf"},
        {"AnEmptyArray", "[]"},
        {"Null", "null"},
        {"AString", "\"201\""},
        {"ANumber", "201"},
        {"AnArrayOfAnswers", R"([{"code":"201","error":null,"msg":"canary"}])"},
        {"Html", "<!DOCTYPE html><html><body>canary</body></html>"},
        {"PlainText", "canary"},
        {"APhpWarningBefore",
         "<br />\n<b>Warning</b>: canary in <b>/x.php</b> on line <b>1</b><br "
         "/>\n{\"code\":\"201\",\"error\":null,\"msg\":\"m\"}"},
        {"APlainPhpWarningBefore", "Warning: canary {\"code\":\"201\",\"error\":null,\"msg\":\"m\"}"},
        {"ANoticeAfter", "{\"code\":\"201\",\"error\":null,\"msg\":\"m\"}\nNotice: canary"},
        {"Truncated", R"({"code": "201", "error": null, "msg": "cana)"},
        {"TruncatedAfterTheCode", R"({"code": "201")"},
        {"TwoCodes", R"({"code":"403","error":null,"msg":"m","code":"201"})"},
        {"TwoAnswers", R"({"code":"201"}{"code":"201"})"},
        {"HalfASurrogatePair", R"({"code":"201","error":null,"msg":"\ud83d"})"},
        {"BytesThatAreNotUtf8", "{\"code\":\"201\",\"error\":null,\"msg\":\"\xf1\"}"},
        {"Utf16WithoutAMark", std::string("{\0\"\0c\0o\0d\0e\0\"\0:\0"
                                          "2\0"
                                          "0\0"
                                          "1\0}\0",
                                          24)},
        {"DeepArrays", absl::StrCat(R"({"code":"201","x":)", Repeat(100000, "["), Repeat(100000, "]"), "}")},
        {"DeepObjects", absl::StrCat(Repeat(100000, R"({"code":)"), "201", Repeat(100000, "}"))},
    }),
    NameOf<Body>);

TEST(WithoutACodeTest, AnObjectIsNoAnswer) {
  for (const char* body :
       {"{}", R"({"error":null,"msg":"canary"})", R"({"Code":"201","error":null,"msg":"m"})", R"({"status":"ok"})"}) {
    const auto reply = Decode(200, body);
    EXPECT_THAT(reply, HasReason(Reason::kUpstreamMalformedResponse)) << body;
    EXPECT_THAT(reply, HasOutcome(kUnknown)) << body;
  }
}

// The code of an answer without one is HTTP's, so its message still tells the four meanings of 403 apart.
TEST(WithoutACodeTest, TheMessageOfAForbiddenAnswerCountsAllTheSame) {
  EXPECT_THAT(Decode(403, R"({"error":"FORBIDDEN","msg":"TOKEN LIMIT EXCEEDED"})"),
              HasReason(Reason::kUpstreamDailyQuota));
  EXPECT_THAT(Decode(403, "<html><body>Server in maintenance (canary)</body></html>"),
              HasReason(Reason::kUpstreamMaintenance));
  EXPECT_THAT(Decode(403, "Backup en curso"), HasReason(Reason::kUpstreamMaintenance));
  EXPECT_THAT(Decode(403, "<html><body>Forbidden</body></html>"), HasReason(Reason::kUpstreamPermissionDenied));
}

TEST(WithoutACodeTest, OtherStatusesMeanWhatTheyMeanForAnyUpstream) {
  for (int code = 100; code <= 999; ++code) {
    http::Response response;
    response.status = code;
    const upstream::Hints hints{.now = absl::FromUnixSeconds(1800000000)};
    EXPECT_EQ(DecodeAnswer(response, hints).status(), upstream::HttpError(code, response, hints)) << code;
  }
}

}  // namespace
}  // namespace interaction::wolkvox
