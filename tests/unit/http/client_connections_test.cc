// How the client gets its bytes to an upstream and back: TLS, proxies, several addresses, sockets that are full.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/base/errors.h"
#include "server/http/client.h"
#include "tests/support/connect_proxy.h"
#include "tests/support/matchers.h"
#include "tests/support/raw_upstream.h"
#include "tests/unit/http/client_fixture.h"

namespace interaction::http {
namespace {

using interaction::testing::Always;
using interaction::testing::ConnectProxy;
using interaction::testing::HasOutcome;
using interaction::testing::HasReason;
using interaction::testing::IsOkAndHolds;
using interaction::testing::RawUpstream;
using interaction::testing::RawUpstreamOptions;
using interaction::testing::RecordedRequest;
using interaction::testing::Respond;
using interaction::testing::RespondJson;
using interaction::testing::Script;
using ::testing::AllOf;
using ::testing::Field;

class ClientConnectionsTest : public ClientTlsTest {};

TEST_F(ClientConnectionsTest, KeepsConnectionsWithTls) {
  RawUpstream upstream(Always({RespondJson(201, "{}")}), WithTls());
  Endpoint* const endpoint = AddWithTls();
  for (int i = 0; i < 20; ++i) ASSERT_THAT(Exchange(endpoint, Post(upstream.url())), HasStatus(201));
  EXPECT_EQ(upstream.counts().connections, 1u);
}

TEST_F(ClientConnectionsTest, DoesNotTrustAnotherAuthority) {
  RawUpstream upstream(Always({RespondJson(201, "{}")}), WithTls());
  const absl::StatusOr<Response> result = Exchange(endpoint_, Post(upstream.url()));
  EXPECT_THAT(result, HasReason(Reason::kUpstreamTlsVerifyFailed));
  EXPECT_THAT(result, HasOutcome(Outcome::kNotApplied));
  EXPECT_THAT(GetErrorDetails(result.status()).metadata,
              ::testing::ElementsAre(::testing::Pair("tlsError", ::testing::HasSubstr("certificate"))));
  EXPECT_EQ(upstream.counts().requests, 0u);
}

TEST_F(ClientConnectionsTest, AnAddressThatRefusesDoesNotHoldUpTheNext) {
  RawUpstream upstream(Always({RespondJson(201, "{}")}));
  resolver_.Answer("upstream.test", {"127.0.0.3", "127.0.0.2", "127.0.0.1"});  // only the last is listened on
  const SteadyTime start = clock_.SteadyNow();
  EXPECT_THAT(Exchange(endpoint_, Post(upstream.UrlFor("upstream.test"))), HasStatus(201));
  EXPECT_LT(clock_.SteadyNow() - start, 150'000'000) << "libcurl by itself takes 200 ms, then 1.3 s";
}

// More than a socket takes in one go, while the upstream reads nothing for a while.
class LargeRequestTest : public ClientConnectionsTest, public ::testing::WithParamInterface<bool> {};

TEST_P(LargeRequestTest, ArrivesWhole) {
  const bool tls = GetParam();
  RawUpstreamOptions options;
  if (tls) options = WithTls();
  options.on_headers = [](const RecordedRequest&) {
    return Script{interaction::testing::Pause(absl::Milliseconds(50))};
  };
  RawUpstream upstream(Always({RespondJson(201, "{}")}), options);
  std::string body(16 << 20, 'x');
  for (size_t i = 0; i < body.size(); i += 4093) body[i] = static_cast<char>('a' + i % 26);

  EXPECT_THAT(Exchange(AddWithTls(), Post(upstream.url(), body)), HasStatus(201));
  EXPECT_THAT(Exchange(AddWithTls(), Post(upstream.url(), "{}")), HasStatus(201));

  ASSERT_EQ(upstream.requests().size(), 2u);
  EXPECT_TRUE(upstream.requests()[0].body == body);
}

TEST_P(LargeRequestTest, MayBeAnsweredBeforeItHasArrived) {
  RawUpstreamOptions options;
  if (GetParam()) options = WithTls();
  options.on_headers = [](const RecordedRequest&) {
    return Script{Respond(413, "text/plain", "too much"), interaction::testing::Close()};
  };
  RawUpstream upstream(Always({}), options);
  const std::string body(16 << 20, 'x');
  EXPECT_THAT(Exchange(AddWithTls(), Post(upstream.url(), body)), HasStatus(413));
}

INSTANTIATE_TEST_SUITE_P(Transports, LargeRequestTest, ::testing::Bool(),
                         [](const auto& row) { return row.param ? "Tls" : "Plaintext"; });

TEST_F(ClientConnectionsTest, GoesThroughATunnelToAnUpstreamWithTls) {
  RawUpstream upstream(Always({RespondJson(201, "{}")}), WithTls());
  ConnectProxy proxy(ConnectProxy::Answer::kTunnel);
  EndpointOptions options = Local();
  options.proxy = absl::StrCat("http://user:p%40ss@127.0.0.1:", proxy.port());
  Endpoint* const endpoint = AddWithTls(options);
  EXPECT_THAT(Exchange(endpoint, Post(upstream.UrlFor("localhost"))), HasStatus(201));
  EXPECT_THAT(Exchange(endpoint, Post(upstream.UrlFor("localhost"))), HasStatus(201));
  EXPECT_THAT(proxy.requests(),
              ::testing::ElementsAre(AllOf(::testing::StartsWith(absl::StrCat("CONNECT localhost:", upstream.port())),
                                           ::testing::HasSubstr("Proxy-Authorization: Basic dXNlcjpwQHNz\r\n"))));
  EXPECT_EQ(upstream.requests()[0].target, "/");
  client_.reset();  // the proxy ends with its caller's connection
}

TEST_F(ClientConnectionsTest, AProxyThatRefusesIsNamedAsTheCause) {
  ConnectProxy proxy(ConnectProxy::Answer::kForbidden);
  EndpointOptions options = Local();
  options.proxy = absl::StrCat("http://127.0.0.1:", proxy.port());
  const absl::StatusOr<Response> result = Exchange(AddWithTls(options), Post("https://inside.test/"));
  EXPECT_THAT(result, HasReason(Reason::kEgressProxyFailed));
  EXPECT_THAT(result, HasOutcome(Outcome::kNotApplied));
}

TEST_F(ClientConnectionsTest, AProxyThatForwardsIsToldWhoAsks) {
  RawUpstream proxy(Always({RespondJson(201, "{}")}));
  EndpointOptions options = Local();
  options.proxy = absl::StrCat("http://user:p%40ss@127.0.0.1:", proxy.port());
  EXPECT_THAT(Exchange(Add(options), Post("http://inside.test/path?a=b")), HasStatus(201));
  ASSERT_EQ(proxy.requests().size(), 1u);
  EXPECT_EQ(proxy.requests()[0].target, "http://inside.test/path?a=b");
  EXPECT_THAT(proxy.requests()[0].headers, ::testing::Contains(Header{"Host", "inside.test"}));
  EXPECT_THAT(proxy.requests()[0].headers, ::testing::Contains(Header{"Proxy-Authorization", "Basic dXNlcjpwQHNz"}));
}

TEST_F(ClientConnectionsTest, ADirectUpstreamIsNotToldTheProxysPassword) {
  RawUpstream upstream(Always({RespondJson(201, "{}")}));
  EndpointOptions options = Local();
  options.proxy = "http://user:p%40ss@127.0.0.1:1";
  options.no_proxy = "127.0.0.1";
  EXPECT_THAT(Exchange(Add(options), Post(upstream.url())), HasStatus(201));
  const std::vector<RecordedRequest> requests = upstream.requests();
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_THAT(requests[0].headers, ::testing::Not(::testing::Contains(Field(&Header::name, "Proxy-Authorization"))));
}

}  // namespace
}  // namespace interaction::http
