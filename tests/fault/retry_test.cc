// Attempts that surely opened nothing are repeated where it is worth it, and counted by the upstream; others never.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "server/base/errors.h"
#include "server/http/resolver.h"
#include "tests/integration/answer_matchers.h"
#include "tests/integration/gateway.h"
#include "tests/integration/vendor_replies.h"
#include "tests/support/certificates.h"
#include "tests/support/raw_h2.h"
#include "tests/support/raw_upstream.h"
#include "tests/support/sockets.h"
#include "tests/support/temp_dir.h"

namespace interaction::testing {
namespace {

using ::grpc::StatusCode;
using ::testing::AllOf;
using ::testing::Ge;
using ::testing::Le;

// Finds no name at the first lookup, and this machine from then on.
class LateResolver final : public http::Resolver {
 public:
  void Resolve(const std::string&, Done done) override {
    if (lookups_++ == 0) return std::move(done)(Error(Reason::kUpstreamDnsFailure).In(Phase::kResolve).ToStatus());
    std::move(done)(http::Addresses{{"127.0.0.1"}, 1});
  }

  int lookups() const { return lookups_; }

 private:
  std::atomic<int> lookups_{0};
};

TEST(RetryTest, ANameThatDoesNotResolveIsTriedAgain) {
  RawUpstream upstream(Always({RespondJson(200, kOk)}));
  LateResolver resolver;
  const TestGateway gateway(upstream.UrlFor("upstream.test"), nullptr, &resolver);
  EXPECT_THAT(gateway.CreateVsp(), Succeeds());
  EXPECT_EQ(resolver.lookups(), 2);
  EXPECT_EQ(upstream.counts().requests, 1u);
}

TEST(RetryTest, AConnectionThatBreaksBeforeAnythingWasSentIsTriedAgainTwice) {
  const TempDir dir;
  CertificateAuthority authority(&dir);
  RawUpstreamOptions options;
  // In TLS 1.3 the client is done when the server's first bytes are there, and sends its request at once.
  options.tls = TlsOptions{.identity = authority.Issue("upstream"), .at_most_tls_1_2 = true};
  options.on_connect = [](int connection) { return connection < 2 ? Script{Reset()} : Script{}; };
  RawUpstream upstream(Always({RespondJson(200, kOk)}), options);
  const TestGateway gateway(upstream.url(),
                            [&](config::Config& config) { config.egress.ca_file = authority.ca_file(); });
  EXPECT_THAT(gateway.CreateVsp(), Succeeds());
  EXPECT_EQ(upstream.counts().connections, 3u);
  EXPECT_EQ(upstream.counts().requests, 1u);
}

TEST(RetryTest, AnUpstreamThatGoesOnBreakingThemIsLeftAloneAfterThat) {
  RawUpstreamOptions options;
  options.on_connect = [](int) { return Script{AwaitBytes(), Reset()}; };
  RawUpstream upstream(Always({Reset()}), options);
  const TestGateway gateway(absl::StrCat("https://127.0.0.1:", upstream.port(), "/"));
  const VspAnswer answer = gateway.CreateVsp();
  EXPECT_THAT(answer, IsError(StatusCode::UNAVAILABLE, "UPSTREAM_TLS_FAILED", "not_applied"));
  EXPECT_EQ(answer.metadata.at("attempts"), "3");
  EXPECT_EQ(upstream.counts().connections, 3u);
  EXPECT_EQ(upstream.counts().requests, 0u);
}

TEST(RetryTest, ARefusedConnectionIsTriedAgainTwice) {
  const RefusingPort port;
  const TestGateway gateway(absl::StrCat("http://127.0.0.1:", port.port(), "/"));
  const VspAnswer answer = gateway.CreateVsp();
  EXPECT_THAT(answer, IsError(StatusCode::UNAVAILABLE, "UPSTREAM_CONNECT_FAILED", "not_applied"));
  EXPECT_EQ(answer.metadata.at("attempts"), "3");
}

TEST(RetryTest, NothingIsTriedAgainWhenRetriesAreOff) {
  RawUpstream upstream(Always({RespondJson(503, "{}", {{"Retry-After", "0"}})}));
  const TestGateway gateway(upstream.url(), [](config::Config& config) { config.calls.retry = false; });
  const VspAnswer answer = gateway.CreateVsp();
  EXPECT_THAT(answer, IsError(StatusCode::UNAVAILABLE, "UPSTREAM_UNAVAILABLE", "not_applied"));
  EXPECT_EQ(answer.metadata.count("attempts"), 0u);
  EXPECT_EQ(upstream.counts().requests, 1u);
}

// What an upstream says that is busy, and what the caller hears of it. In all rows it says so again and again.
struct RetryAfter {
  const char* name;
  std::optional<std::string> header;
  size_t posts;
  absl::Duration at_least, at_most;  // RetryInfo
};

class BusyUpstreamTest : public ::testing::TestWithParam<std::tuple<int, RetryAfter>> {};

TEST_P(BusyUpstreamTest, IsTriedOnceMoreIfItSaidWhenAndThatIsInTime) {
  const auto& [status, row] = GetParam();
  std::vector<http::Header> headers;
  if (row.header) headers.push_back({"Retry-After", *row.header});
  RawUpstream upstream(Always({RespondJson(status, "{}", headers)}));
  const TestGateway gateway(upstream.url());
  const VspAnswer answer = gateway.CreateVsp();
  if (status == 503) {
    EXPECT_THAT(answer, IsError(StatusCode::UNAVAILABLE, "UPSTREAM_UNAVAILABLE", "not_applied"));
  } else {
    EXPECT_THAT(answer, IsError(StatusCode::RESOURCE_EXHAUSTED, "UPSTREAM_RATE_LIMITED", "not_applied"));
  }
  ASSERT_TRUE(answer.retry_after.has_value());
  EXPECT_THAT(*answer.retry_after, AllOf(Ge(row.at_least), Le(row.at_most)));
  EXPECT_EQ(upstream.counts().requests, row.posts);
}

std::string HttpDate(absl::Time time) {
  return absl::FormatTime("%a, %d %b %Y %H:%M:%S GMT", time, absl::UTCTimeZone());
}

std::vector<RetryAfter> RetryAfters() {
  constexpr absl::Duration kNone = absl::ZeroDuration();
  constexpr absl::Duration kSecond = absl::Seconds(1);  // what callers hear when the upstream says nothing of use
  constexpr absl::Duration kMost = absl::Minutes(5);
  return {{"Nothing", std::nullopt, 1, kSecond, kSecond},
          {"AtOnce", "0", 2, kNone, kNone},
          {"InASecond", "1", 2, kSecond, kSecond},
          {"Garbage", "soon", 1, kSecond, kSecond},
          {"BeforeNow", "-5", 1, kSecond, kSecond},
          {"TheDayAfterNever", "1000000000000", 1, kMost, kMost},
          {"MoreDigitsThanANumberHas", std::string(60, '9'), 1, kMost, kMost},
          {"AnEarlierDate", "Sun, 06 Nov 1994 08:49:37 GMT", 2, kNone, kNone},
          {"ADateSoon", HttpDate(absl::Now() + absl::Minutes(2)), 1, absl::Seconds(1), absl::Minutes(2)},
          {"ADateNextYear", HttpDate(absl::Now() + absl::Hours(24 * 365)), 1, kMost, kMost}};
}

INSTANTIATE_TEST_SUITE_P(RetryAfter, BusyUpstreamTest,
                         ::testing::Combine(::testing::Values(429, 503), ::testing::ValuesIn(RetryAfters())),
                         [](const auto& row) {
                           return absl::StrCat(std::get<1>(row.param).name, std::get<0>(row.param));
                         });

TEST(RetryTest, TheSecondAttemptMaySucceed) {
  RawUpstream upstream(InOrder({{RespondJson(503, "{}", {{"Retry-After", "0"}})}, {RespondJson(200, kOk)}}));
  const TestGateway gateway(upstream.url());
  EXPECT_THAT(gateway.CreateVsp(), Succeeds());
  EXPECT_EQ(upstream.counts().requests, 2u);
}

// Each of these may have opened something, whatever it says about coming back.
TEST(RetryTest, AnUnknownOutcomeIsNeverTriedAgain) {
  const std::vector<std::pair<const char*, Script>> faults = {
      {"500", {RespondJson(500, "{}", {{"Retry-After", "0"}})}},
      {"502", {RespondJson(502, "{}", {{"Retry-After", "0"}})}},
      {"504", {RespondJson(504, "{}", {{"Retry-After", "0"}})}},
      {"no answer", {Close()}},
      {"a reset", {Reset()}},
      {"half an answer", {Send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\nRetry-After: 0\r\n\r\n{"), Close()}},
  };
  for (const auto& [name, script] : faults) {
    RawUpstream upstream(Always(script));
    const TestGateway gateway(upstream.url());
    EXPECT_EQ(gateway.CreateVsp().outcome, "unknown") << name;
    EXPECT_EQ(upstream.counts().requests, 1u) << name;
  }
}

// gRPC's own client tells its server that it tries again; its attempts and ours must not multiply.
TEST(RetryTest, ACallThatIsItselfARetryIsSentOnce) {
  for (const auto& [previous_attempts, posts] : {std::pair("0", 2u), std::pair("1", 1u), std::pair("4", 1u)}) {
    RawUpstream upstream(Always({RespondJson(503, "{}", {{"Retry-After", "0"}})}));
    const TestGateway gateway(upstream.url());
    RawH2Client client(gateway.port());
    const auto reply = client.Call({.path = "/interaction.v1.InteractionService/CreateVspInteraction",
                                    .body = GrpcMessage(TestGateway::ValidVsp().SerializeAsString()),
                                    .headers = {{"grpc-previous-rpc-attempts", previous_attempts}}});
    ASSERT_TRUE(reply.ok()) << reply.status();
    EXPECT_EQ(reply->Trailer("grpc-status"), "14");
    EXPECT_EQ(upstream.counts().requests, posts) << previous_attempts;
  }
}

}  // namespace
}  // namespace interaction::testing
