// Answers that are no answers: bodies that cannot be understood, that never end, that lie about themselves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/integration/answer_matchers.h"
#include "tests/integration/gateway.h"
#include "tests/support/process_stats.h"
#include "tests/support/raw_upstream.h"

namespace interaction::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Lt;
using ::testing::Not;

auto IsUnknown(const char* reason) { return IsError(grpc::StatusCode::UNKNOWN, reason, "unknown"); }

struct Body {
  const char* name;
  std::string text;
};
std::string NameOf(const ::testing::TestParamInfo<Body>& info) { return info.param.name; }

class MalformedBodyTest : public ::testing::TestWithParam<Body> {};

TEST_P(MalformedBodyTest, InA200IsUnknownAndNotRepeated) {
  RawUpstream upstream(Always({RespondJson(200, GetParam().text)}));
  const TestGateway gateway(upstream.url());
  EXPECT_THAT(gateway.CreateVsp(), IsUnknown("UPSTREAM_MALFORMED_RESPONSE"));
  EXPECT_THAT(gateway.AddWolkvox(), IsUnknown("UPSTREAM_MALFORMED_RESPONSE"));
  EXPECT_EQ(upstream.counts().requests, 2u);
}

INSTANTIATE_TEST_SUITE_P(
    Bodies, MalformedBodyTest,
    ::testing::Values(Body{"Empty", ""}, Body{"EmptyObject", "{}"}, Body{"Array", "[]"}, Body{"Null", "null"},
                      Body{"String", "\"201\""}, Body{"Html", "<html><body>Please log in</body></html>"},
                      Body{"PhpWarning", "<br />\n<b>Warning</b>: oops\n{\"code\":\"201\",\"error\":null}"},
                      Body{"TruncatedJson", R"({"code":"201","error":nul)"},
                      Body{"NotUtf8", "{\"code\":\"201\",\"msg\":\"\xff\xfe\"}"}),
    NameOf);

struct InBand {
  const char* name;
  std::string code;
  const char* message;
  grpc::StatusCode grpc_code;
  const char* reason;
  const char* outcome;
};

class InBandCodeTest : public ::testing::TestWithParam<InBand> {};

// A failure of wolkvox's arrives as HTTP 200; here in both spellings of the code.
TEST_P(InBandCodeTest, InAnHttp200IsTheFailureItIs) {
  const InBand& row = GetParam();
  for (const std::string& code : {row.code, absl::StrCat("\"", row.code, "\"")}) {
    RawUpstream upstream(Always(
        {RespondJson(200, absl::StrCat(R"({"code":)", code, R"(,"error":"FAILED","msg":")", row.message, R"("})"))}));
    const TestGateway gateway(upstream.url());
    const WolkvoxAnswer answer = gateway.AddWolkvox();
    EXPECT_THAT(answer, IsError(row.grpc_code, row.reason, row.outcome));
    EXPECT_EQ(answer.metadata.at("upstreamCode"), row.code);
    EXPECT_THAT(answer.status.error_message(), Not(HasSubstr(row.message)));
    // Too many at once for the token is the one that is tried again, twice: surely nothing was opened.
    EXPECT_EQ(upstream.counts().requests, row.reason == absl::string_view("UPSTREAM_CONCURRENCY_LIMIT") ? 3u : 1u);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Codes, InBandCodeTest,
    ::testing::Values(
        InBand{"UnknownApi", "400", "THE API YOU WANT TO CONSULT DOES NOT EXIST", grpc::StatusCode::FAILED_PRECONDITION,
               "UPSTREAM_ENDPOINT_NOT_FOUND", "not_applied"},
        InBand{"Parameters", "400", "SOME PARAMETERS ARE REQUIRED", grpc::StatusCode::INVALID_ARGUMENT,
               "UPSTREAM_REJECTED_ARGUMENT", "not_applied"},
        InBand{"NoToken", "401", "PLEASE ENTER THE WOLKVOX-TOKEN", grpc::StatusCode::UNAUTHENTICATED,
               "UPSTREAM_CREDENTIALS_REJECTED", "not_applied"},
        InBand{"DailyQuota", "403", "TOKEN LIMIT EXCEEDED", grpc::StatusCode::RESOURCE_EXHAUSTED,
               "UPSTREAM_DAILY_QUOTA", "not_applied"},
        InBand{"Simultaneous", "403", "EXCEEDS THE LIMIT OF SIMULTANEOUS REQUESTS PER TOKEN (2)",
               grpc::StatusCode::RESOURCE_EXHAUSTED, "UPSTREAM_CONCURRENCY_LIMIT", "not_applied"},
        InBand{"InvalidToken", "403", "PLEASE VALIDATE TOKEN", grpc::StatusCode::PERMISSION_DENIED,
               "UPSTREAM_PERMISSION_DENIED", "not_applied"},
        InBand{"Maintenance", "403", "Servidor en mantenimiento", grpc::StatusCode::UNAVAILABLE, "UPSTREAM_MAINTENANCE",
               "not_applied"},
        InBand{"NotFound", "404", "no such routing point", grpc::StatusCode::NOT_FOUND, "UPSTREAM_NOT_FOUND",
               "not_applied"},
        InBand{"ServerError", "500", "internal", grpc::StatusCode::UNKNOWN, "UPSTREAM_INTERNAL_ERROR", "unknown"},
        InBand{"SuccessWithError", "201", "odd", grpc::StatusCode::UNKNOWN, "UPSTREAM_CONTRADICTORY", "unknown"}),
    [](const auto& row) { return row.param.name; });

TEST(AnswerTest, AStatusLineAndNothingElseIsMalformed) {
  RawUpstream upstream(Always({Send("HTTP/1.1 200 OK\r\n"), Close()}));
  const TestGateway gateway(upstream.url());
  EXPECT_THAT(gateway.CreateVsp(), IsUnknown("UPSTREAM_MALFORMED_RESPONSE"));
  EXPECT_EQ(upstream.counts().requests, 1u);
}

TEST(AnswerTest, ABodyShorterThanItsLengthIsTruncated) {
  RawUpstream upstream(
      Always({Send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"InteractionId\":\"1\"}"), Close()}));
  const TestGateway gateway(upstream.url());
  EXPECT_THAT(gateway.CreateVsp(), IsUnknown("UPSTREAM_TRUNCATED"));
}

TEST(AnswerTest, AnErrorWhoseBodyIsTruncatedIsStillThatError) {
  RawUpstream upstream(Always({Send("HTTP/1.1 400 Bad Request\r\nContent-Length: 100\r\n\r\n{\"Mess"), Close()}));
  const TestGateway gateway(upstream.url());
  EXPECT_THAT(gateway.CreateVsp(),
              IsError(grpc::StatusCode::INVALID_ARGUMENT, "UPSTREAM_REJECTED_ARGUMENT", "not_applied"));
}

struct Flood {
  const char* name;
  std::string head;
  std::string chunk;
};

class FloodTest : public ::testing::TestWithParam<Flood> {};

TEST_P(FloodTest, IsCutOffInBoundedMemory) {
  RawUpstream upstream(Always({Send(GetParam().head), Send(GetParam().chunk, kForever)}));
  const TestGateway gateway(upstream.url());
  EXPECT_THAT(gateway.CreateVsp(), IsUnknown("UPSTREAM_RESPONSE_TOO_LARGE"));  // warms up what stays allocated
  ResetPeakRss();
  [[maybe_unused]] const int64_t before = ReadProcessStats().rss_bytes;
  const absl::Time start = absl::Now();
  EXPECT_THAT(gateway.CreateVsp(), IsUnknown("UPSTREAM_RESPONSE_TOO_LARGE"));
  EXPECT_THAT(absl::Now() - start, Lt(absl::Seconds(2)));
#ifndef __SANITIZE_ADDRESS__  // which keeps what was freed
  EXPECT_THAT(ReadProcessStats().peak_rss_bytes - before, Lt(4 << 20));
#endif
}

INSTANTIATE_TEST_SUITE_P(Floods, FloodTest,
                         ::testing::Values(Flood{"BodyWithoutEnd", "HTTP/1.1 200 OK\r\n\r\n", std::string(65536, 'x')},
                                           Flood{"FiveGigabytes",
                                                 "HTTP/1.1 200 OK\r\nContent-Length: 5368709120\r\n\r\n",
                                                 std::string(65536, 'x')},
                                           Flood{"Headers", "HTTP/1.1 200 OK\r\n",
                                                 absl::StrCat("X-Filler: ", std::string(1000, 'x'), "\r\n")}),
                         [](const auto& row) { return row.param.name; });

// A compressed body was not asked for; it is not unpacked, so a small one cannot become a large one.
TEST(AnswerTest, ACompressedBodyIsNotUnpacked) {
  RawUpstream upstream(
      Always({RespondJson(200, std::string("\x1f\x8b\x08\x00 whatever", 13), {{"Content-Encoding", "gzip"}})}));
  const TestGateway gateway(upstream.url());
  EXPECT_THAT(gateway.CreateVsp(), IsUnknown("UPSTREAM_MALFORMED_RESPONSE"));
}

class RedirectTest : public ::testing::TestWithParam<int> {};

TEST_P(RedirectTest, IsNotFollowed) {
  RawUpstream elsewhere(Always({RespondJson(200, R"({"InteractionId":"1"})")}));
  RawUpstream upstream(Always({RespondJson(GetParam(), "{}", {{"Location", elsewhere.url()}})}));
  const TestGateway gateway(upstream.url());
  const bool see_other = GetParam() == 303;
  const auto is_redirect = IsError(see_other ? grpc::StatusCode::UNKNOWN : grpc::StatusCode::FAILED_PRECONDITION,
                                   "UPSTREAM_REDIRECT", see_other ? "unknown" : "not_applied");
  EXPECT_THAT(gateway.CreateVsp(), is_redirect);
  EXPECT_THAT(gateway.AddWolkvox(), is_redirect);
  EXPECT_EQ(elsewhere.counts().connections, 0u);
  EXPECT_EQ(upstream.counts().requests, 2u);
}

INSTANTIATE_TEST_SUITE_P(Statuses, RedirectTest, ::testing::Values(301, 302, 303, 307, 308),
                         ::testing::PrintToStringParamName());

}  // namespace
}  // namespace interaction::testing
