#include "server/upstream/http_verdict.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/matchers.h"

namespace interaction::upstream {
namespace {

using ::interaction::testing::HasOutcome;
using ::interaction::testing::HasReason;
using ::interaction::testing::StatusIs;
using ::testing::Contains;
using ::testing::Each;
using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Optional;
using ::testing::Pair;
using ::testing::TestWithParam;
using ::testing::ValuesIn;
using Code = absl::StatusCode;

const absl::Time kNow = absl::FromCivil(absl::CivilSecond(2026, 3, 4, 5, 6, 7), absl::UTCTimeZone());

http::Response Answer(int status) {
  http::Response response;
  response.status = status;
  return response;
}

absl::Status Verdict(int status, Hints hints = {}) {
  hints.now = kNow;
  return HttpError(status, Answer(status), hints);
}

// What a range of statuses means for a caller who sent its own credential. First match counts.
struct VerdictRow {
  int from;
  int to;
  Reason reason;
  Code code;
  Outcome outcome;
};

constexpr Outcome kNot = Outcome::kNotApplied;
constexpr Outcome kUnknown = Outcome::kUnknown;

const VerdictRow kTable[] = {
    {0, 199, Reason::kUpstreamProtocolError, Code::kUnknown, kUnknown},
    {200, 299, Reason::kUpstreamMalformedResponse, Code::kUnknown, kUnknown},  // successes that bring no body
    {303, 303, Reason::kUpstreamRedirect, Code::kUnknown, kUnknown},           // may mean "done, see there"
    {300, 399, Reason::kUpstreamRedirect, Code::kFailedPrecondition, kNot},
    {400, 400, Reason::kUpstreamRejectedArgument, Code::kInvalidArgument, kNot},
    {401, 401, Reason::kUpstreamCredentialsRejected, Code::kUnauthenticated, kNot},
    {403, 403, Reason::kUpstreamPermissionDenied, Code::kPermissionDenied, kNot},
    {404, 404, Reason::kUpstreamEndpointNotFound, Code::kFailedPrecondition, kNot},
    {405, 406, Reason::kUpstreamContractMismatch, Code::kInternal, kNot},
    {407, 407, Reason::kEgressProxyAuth, Code::kFailedPrecondition, kNot},
    {408, 408, Reason::kUpstreamRequestTimeout, Code::kDeadlineExceeded, kUnknown},
    {409, 409, Reason::kUpstreamConflict, Code::kAborted, kNot},
    {410, 410, Reason::kUpstreamEndpointNotFound, Code::kFailedPrecondition, kNot},
    {411, 411, Reason::kUpstreamContractMismatch, Code::kInternal, kNot},
    {412, 412, Reason::kUpstreamPrecondition, Code::kFailedPrecondition, kNot},
    {413, 413, Reason::kUpstreamPayloadTooLarge, Code::kInvalidArgument, kNot},
    {414, 415, Reason::kUpstreamContractMismatch, Code::kInternal, kNot},
    {417, 417, Reason::kUpstreamContractMismatch, Code::kInternal, kNot},
    {422, 422, Reason::kUpstreamRejectedArgument, Code::kInvalidArgument, kNot},
    {425, 425, Reason::kUpstreamRateLimited, Code::kResourceExhausted, kNot},
    {429, 429, Reason::kUpstreamRateLimited, Code::kResourceExhausted, kNot},
    {431, 431, Reason::kUpstreamContractMismatch, Code::kInternal, kNot},
    {400, 499, Reason::kUpstreamRejected, Code::kFailedPrecondition, kNot},
    {500, 500, Reason::kUpstreamInternalError, Code::kUnknown, kUnknown},
    {501, 501, Reason::kUpstreamUnimplemented, Code::kUnimplemented, kNot},
    {502, 502, Reason::kUpstreamBadGateway, Code::kUnknown, kUnknown},
    {503, 503, Reason::kUpstreamUnavailable, Code::kUnavailable, kNot},
    {504, 504, Reason::kUpstreamGatewayTimeout, Code::kDeadlineExceeded, kUnknown},
    {505, 505, Reason::kUpstreamUnimplemented, Code::kUnimplemented, kNot},
    {520, 527, Reason::kUpstreamBadGateway, Code::kUnknown, kUnknown},
    {598, 599, Reason::kUpstreamBadGateway, Code::kUnknown, kUnknown},
    {500, 100000, Reason::kUpstreamProtocolError, Code::kUnknown, kUnknown},
};

const VerdictRow& RowOf(int status) {
  for (const VerdictRow& row : kTable) {
    if (row.from <= status && status <= row.to) return row;
  }
  return RowOf(0);
}

std::vector<int> Statuses() {
  std::vector<int> statuses = {0, 99, 600, 999, 65536};
  for (int status = 100; status <= 599; ++status) {
    if (!IsSuccess(status)) statuses.push_back(status);
  }
  return statuses;
}

TEST(IsSuccessTest, IsOneOfThreeStatuses) {
  for (int status = 0; status < 1000; ++status) {
    EXPECT_EQ(IsSuccess(status), status == 200 || status == 201 || status == 202) << status;
  }
}

class HttpErrorTest : public TestWithParam<int> {};

TEST_P(HttpErrorTest, EqualsTheTable) {
  const VerdictRow& expected = RowOf(GetParam());
  const absl::Status status = Verdict(GetParam());
  EXPECT_THAT(status, StatusIs(expected.code));
  EXPECT_THAT(status, HasReason(expected.reason));
  EXPECT_THAT(status, HasOutcome(expected.outcome));
}

TEST_P(HttpErrorTest, NamesTheHttpStatus) {
  EXPECT_THAT(GetErrorDetails(Verdict(GetParam())).metadata, Contains(Pair("httpStatus", std::to_string(GetParam()))));
}

TEST_P(HttpErrorTest, IsUnavailableOnlyWhenNothingWasApplied) {
  const absl::Status status = Verdict(GetParam());
  if (status.code() == Code::kUnavailable || status.code() == Code::kResourceExhausted) {
    EXPECT_THAT(status, HasOutcome(kNot));
  }
}

TEST_P(HttpErrorTest, BlamesTheGatewayForItsOwnCredentialOnly) {
  const absl::Status theirs = Verdict(GetParam(), {.owner = CredentialOwner::kCaller});
  const absl::Status ours = Verdict(GetParam(), {.owner = CredentialOwner::kGateway});
  EXPECT_EQ(GetErrorDetails(ours).reason, GetErrorDetails(theirs).reason);
  EXPECT_THAT(GetErrorDetails(theirs).precondition_subject, IsEmpty());
  if (GetParam() == 401 || GetParam() == 403) {
    EXPECT_THAT(ours, StatusIs(Code::kFailedPrecondition));
    EXPECT_THAT(GetErrorDetails(ours).precondition_subject, Not(IsEmpty()));
  } else {
    EXPECT_EQ(ours.code(), theirs.code());
  }
}

TEST_P(HttpErrorTest, TellsNothingOfTheBodyAndNoMoreOfALocationThanItsOrigin) {
  http::Response response = Answer(GetParam());
  response.location = "https://user:canary1@other.example.com/canary2?token=canary3#canary4";
  response.body = "canary5";
  const absl::Status status = HttpError(GetParam(), response, {.now = kNow});
  EXPECT_THAT(status.ToString(), Not(HasSubstr("canary")));
  EXPECT_THAT(GetErrorDetails(status).metadata, Each(Pair(::testing::_, Not(HasSubstr("canary")))));
}

INSTANTIATE_TEST_SUITE_P(AllStatuses, HttpErrorTest, ValuesIn(Statuses()), ::testing::PrintToStringParamName());

TEST(HttpErrorHintsTest, A404MayBeAboutWhatTheRequestNames) {
  const absl::Status status = Verdict(404, {.names_a_resource = true});
  EXPECT_THAT(status, StatusIs(Code::kNotFound));
  EXPECT_THAT(status, HasReason(Reason::kUpstreamNotFound));
  EXPECT_THAT(status, HasOutcome(kNot));
}

TEST(HttpErrorHintsTest, A409MaySayThatItIsThereAlready) {
  const absl::Status status = Verdict(409, {.says_duplicate = true});
  EXPECT_THAT(status, StatusIs(Code::kAlreadyExists));
  EXPECT_THAT(status, HasReason(Reason::kUpstreamConflict));
  EXPECT_THAT(status, HasOutcome(kNot));
}

TEST(HttpErrorHintsTest, HintsChangeNoOtherStatus) {
  for (int code : Statuses()) {
    if (code == 404 || code == 409) continue;
    EXPECT_EQ(Verdict(code, {.names_a_resource = true, .says_duplicate = true}), Verdict(code)) << code;
  }
}

// The code within an answer decides, the metadata names the status that HTTP had.
TEST(HttpErrorStatusTest, TheStatusToJudgeNeedNotBeTheOneOfTheResponse) {
  const absl::Status status = HttpError(404, Answer(200), {.now = kNow});
  EXPECT_THAT(status, HasReason(Reason::kUpstreamEndpointNotFound));
  EXPECT_THAT(GetErrorDetails(status).metadata, Contains(Pair("httpStatus", "200")));
}

TEST(HttpErrorAssumedTest, A503SaysThatItWasTakenAtItsWord) {
  EXPECT_THAT(GetErrorDetails(Verdict(503)).metadata, Contains(Pair("assumed", "true")));
  EXPECT_THAT(GetErrorDetails(Verdict(429)).metadata, Not(Contains(Pair("assumed", "true"))));
}

TEST(HttpErrorRetryAfterTest, LimitsSayWhenToComeBack) {
  for (int code : {425, 429, 503}) {
    http::Response response = Answer(code);
    response.retry_after = "7";
    const ErrorDetails details = GetErrorDetails(HttpError(code, response, {.now = kNow}));
    EXPECT_THAT(details.retry_after, Optional(absl::Seconds(7))) << code;
  }
}

TEST(HttpErrorRetryAfterTest, LimitsWithoutAUsableHeaderSayASecond) {
  for (int code : {425, 429, 503}) {
    for (const char* header : {"", "soon", "-5"}) {
      http::Response response = Answer(code);
      response.retry_after = header;
      const ErrorDetails details = GetErrorDetails(HttpError(code, response, {.now = kNow}));
      EXPECT_THAT(details.retry_after, Optional(absl::Seconds(1))) << code << " " << header;
    }
  }
}

TEST(HttpErrorRetryAfterTest, NothingElseInvitesARetry) {
  for (int code : Statuses()) {
    if (code == 425 || code == 429 || code == 503) continue;
    http::Response response = Answer(code);
    response.retry_after = "7";
    EXPECT_EQ(GetErrorDetails(HttpError(code, response, {.now = kNow})).retry_after, std::nullopt) << code;
  }
}

TEST(ParseRetryAfterTest, ReadsSecondsAndDatesWithinFiveMinutes) {
  struct {
    const char* name;
    const char* value;
    std::optional<absl::Duration> delay;
  } const rows[] = {
      {"seconds", "7", absl::Seconds(7)},
      {"none", "0", absl::ZeroDuration()},
      {"leading zeros", "007", absl::Seconds(7)},
      {"the greatest", "300", absl::Seconds(300)},
      {"more than the greatest", "301", absl::Seconds(300)},
      {"10^12", "1000000000000", absl::Seconds(300)},
      {"10^30", "1000000000000000000000000000000", absl::Seconds(300)},
      {"a date", "Wed, 04 Mar 2026 05:06:37 GMT", absl::Seconds(30)},
      {"this very second", "Wed, 04 Mar 2026 05:06:07 GMT", absl::ZeroDuration()},
      {"a date of RFC 850", "Wednesday, 04-Mar-26 05:06:37 GMT", absl::Seconds(30)},
      {"a date of asctime", "Wed Mar  4 05:06:37 2026", absl::Seconds(30)},
      {"blanks around", " 7 ", absl::Seconds(7)},
      {"a date that has passed", "Sun, 06 Nov 1994 08:49:37 GMT", absl::ZeroDuration()},
      {"a date far away", "Fri, 31 Dec 9999 23:59:59 GMT", absl::Seconds(300)},
      {"nothing", "", std::nullopt},
      {"a negative number", "-5", std::nullopt},
      {"a sign", "+5", std::nullopt},
      {"a fraction", "1.5", std::nullopt},
      {"a unit", "7s", std::nullopt},
      {"a word", "soon", std::nullopt},
      {"a date that is none", "Wed, 99 Mar 2026 05:06:37 GMT", std::nullopt},
      {"a date of another form", "2026-03-04T05:06:37Z", std::nullopt},
      {"infinity", "infinite-future", std::nullopt},
  };
  for (const auto& row : rows) EXPECT_THAT(ParseRetryAfter(row.value, kNow), Eq(row.delay)) << row.name;
}

}  // namespace
}  // namespace interaction::upstream
