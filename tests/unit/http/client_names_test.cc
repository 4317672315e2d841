// How the client gets from a host's name to an address it may connect to.

#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/base/errors.h"
#include "server/http/client.h"
#include "tests/support/matchers.h"
#include "tests/unit/http/client_fixture.h"
#include "tests/unit/http/loopback_server.h"

namespace interaction::http {
namespace {

using ::interaction::testing::HasOutcome;
using ::interaction::testing::HasReason;
using ::interaction::testing::IsOkAndHolds;
using ::interaction::testing::StatusIs;
using ::testing::Field;
using ::testing::HasSubstr;

class ClientNamesTest : public ClientTest {
 protected:
  static Answer Created(const Received&) { return Reply(201, "{}"); }

  std::string UrlOf(const std::string& host) const { return absl::StrCat("http://", host, ":", server_.port(), "/"); }

  LoopbackServer server_{Created};
};

auto IsCreated() { return IsOkAndHolds(Field(&Response::status, 201)); }

TEST_F(ClientNamesTest, ConnectsToTheAddressAndKeepsTheName) {
  resolver_.Answer("upstream.test", {"127.0.0.1"});
  EXPECT_THAT(Exchange(UrlOf("upstream.test")), IsCreated());
  EXPECT_THAT(server_.received()[0].head, HasSubstr(absl::StrCat("\r\nHost: upstream.test:", server_.port(), "\r\n")));
}

TEST_F(ClientNamesTest, AsksNobodyAboutAnAddress) {
  EXPECT_THAT(Exchange(server_.url()), IsCreated());
  EXPECT_EQ(resolver_.lookups("127.0.0.1"), 0u);
}

TEST_F(ClientNamesTest, AsksOnceForManyTransfersOfAMoment) {
  resolver_.Answer("upstream.test", {"127.0.0.1"});
  for (int i = 0; i < 5; ++i) ASSERT_THAT(Exchange(UrlOf("upstream.test")), IsCreated());
  EXPECT_EQ(resolver_.lookups("upstream.test"), 1u);
  EXPECT_EQ(server_.connections(), 1);
}

TEST_F(ClientNamesTest, TransfersWaitForTheAnswerOfAnotherThread) {
  Outcomes first;
  Outcomes second;
  Send(UrlOf("upstream.test"), &first);
  Send(UrlOf("upstream.test"), &second);
  Turn();
  EXPECT_EQ(resolver_.waiting("upstream.test"), 1u);
  EXPECT_EQ(server_.connections(), 0);
  std::thread other([&] { resolver_.Answer("upstream.test", {"127.0.0.1"}); });
  RunUntil([&] { return first.times + second.times == 2; });
  other.join();
  EXPECT_THAT(first.result, IsCreated());
  EXPECT_THAT(second.result, IsCreated());
}

TEST_F(ClientNamesTest, AnErrorOfTheResolverEndsTheTransfer) {
  resolver_.Fail("nowhere.test", Error(Reason::kUpstreamDnsFailure));
  EXPECT_THAT(Exchange(UrlOf("nowhere.test")), HasReason(Reason::kUpstreamDnsFailure));
}

TEST_F(ClientNamesTest, ResolvingCountsIntoTheTimeout) {
  const SteadyTime start = clock_.SteadyNow();
  const absl::StatusOr<Response> result = Exchange(UrlOf("slow.test"), absl::Milliseconds(50));
  EXPECT_THAT(result, HasReason(Reason::kUpstreamDnsTimeout));
  EXPECT_THAT(result, StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_THAT(result, HasOutcome(Outcome::kNotApplied));
  EXPECT_GE(clock_.SteadyNow() - start, 50'000'000);
}

TEST_F(ClientNamesTest, ASlowNameDoesNotHoldUpOthers) {
  Outcomes slow;
  Send(UrlOf("slow.test"), &slow);
  resolver_.Answer("upstream.test", {"127.0.0.1"});
  EXPECT_THAT(Exchange(UrlOf("upstream.test")), IsCreated());
  EXPECT_EQ(slow.times, 0);
}

TEST_F(ClientNamesTest, CancelledWhileResolvingNothingWasSent) {
  Outcomes outcomes;
  Transfer* const transfer = Send(UrlOf("slow.test"), &outcomes);
  Turn();
  EXPECT_FALSE(client_->Cancel(transfer));
  resolver_.Answer("slow.test", {"127.0.0.1"});
  Turn();
  EXPECT_EQ(outcomes.times, 0);
  EXPECT_EQ(server_.connections(), 0);
}

TEST_F(ClientNamesTest, NewAddressesAreUsedForNewConnections) {
  LoopbackServer closing([](const Received&) { return Close("HTTP/1.1 201 Created\r\nConnection: close\r\n\r\n{}"); });
  const std::string url = absl::StrCat("http://upstream.test:", closing.port(), "/");
  resolver_.Answer("upstream.test", {"127.0.0.1"});
  ASSERT_THAT(Exchange(url), IsCreated());
  resolver_.Answer("upstream.test", {"127.0.0.2"});  // where nobody listens
  const SteadyTime later = clock_.SteadyNow() + 1'100'000'000;
  RunUntil([&] { return clock_.SteadyNow() >= later; });
  EXPECT_THAT(Exchange(url), HasReason(Reason::kUpstreamConnectFailed));
}

class ForbiddenAddressTest : public ClientNamesTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(ForbiddenAddressTest, IsNotConnectedTo) {
  EndpointOptions options = Local();
  options.address_policy = {};
  resolver_.Answer("evil.test", {GetParam()});
  const absl::StatusOr<Response> result = Exchange(Add(options), Post(UrlOf("evil.test")));
  EXPECT_THAT(result, HasReason(Reason::kEgressAddressForbidden));
  EXPECT_THAT(result, HasOutcome(Outcome::kNotApplied));
  EXPECT_EQ(server_.connections(), 0);
}

INSTANTIATE_TEST_SUITE_P(Addresses, ForbiddenAddressTest,
                         ::testing::Values("127.0.0.1", "::1", "169.254.169.254", "10.0.0.1", "::ffff:10.0.0.1"));

TEST_F(ClientNamesTest, AForbiddenLiteralAddressIsNotConnectedTo) {
  EndpointOptions options = Local();
  options.address_policy = {};
  EXPECT_THAT(Exchange(Add(options), Post(server_.url())), HasReason(Reason::kEgressAddressForbidden));
  EXPECT_EQ(server_.connections(), 0);
}

TEST_F(ClientNamesTest, OfSeveralAddressesOnlyTheAllowedAreUsed) {
  resolver_.Answer("mixed.test", {"10.255.255.1", "127.0.0.1"});
  EXPECT_THAT(Exchange(UrlOf("mixed.test")), IsCreated());
}

TEST_F(ClientNamesTest, ThroughAProxyTheNameIsTheProxysToResolve) {
  EndpointOptions options = Local();
  options.proxy = server_.url("");
  EXPECT_THAT(Exchange(Add(options), Post("http://inside.test/path")), IsCreated());
  EXPECT_THAT(server_.received()[0].head, ::testing::StartsWith("POST http://inside.test/path HTTP/1.1"));
  EXPECT_EQ(resolver_.lookups("inside.test"), 0u);
}

TEST_F(ClientNamesTest, AHostExemptFromTheProxyIsReachedDirectly) {
  LoopbackServer proxy([](const Received&) { return Reply(502, "{}"); });
  EndpointOptions options = Local();
  options.proxy = proxy.url("");
  options.no_proxy = "upstream.test";
  resolver_.Answer("upstream.test", {"127.0.0.1"});
  EXPECT_THAT(Exchange(Add(options), Post(UrlOf("upstream.test"))), IsCreated());
  EXPECT_EQ(proxy.connections(), 0);
}

TEST_F(ClientNamesTest, TheTokenIsNotToldToTheProxyThatTunnels) {
  LoopbackServer proxy([](const Received&) { return Close("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"); });
  EndpointOptions options = Local();
  options.proxy = proxy.url("");
  Request request = Post("https://inside.test/path");
  request.headers.push_back({"X-Token", "secret"});
  EXPECT_THAT(Exchange(Add(options), request), HasReason(Reason::kEgressProxyAuth));
  ASSERT_EQ(proxy.requests(), 1);
  EXPECT_THAT(proxy.received()[0].head, ::testing::StartsWith("CONNECT inside.test:443"));
  EXPECT_THAT(proxy.received()[0].head, ::testing::Not(HasSubstr("secret")));
}

}  // namespace
}  // namespace interaction::http
