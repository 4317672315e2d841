// Faults on the way to the upstream: nothing is sent, and the caller may try again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <chrono>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/integration/answer_matchers.h"
#include "tests/integration/gateway.h"
#include "tests/integration/vendor_replies.h"
#include "tests/support/fake_resolver.h"
#include "tests/support/raw_upstream.h"
#include "tests/support/sockets.h"

namespace interaction::testing {
namespace {

using ::testing::AllOf;
using ::testing::Ge;
using ::testing::Le;
using ::testing::Lt;

std::string LoopbackUrl(uint16_t port) { return absl::StrCat("http://127.0.0.1:", port, "/"); }

TEST(ConnectTest, RefusedIsUnavailableAndNotApplied) {
  const RefusingPort port;
  const TestGateway gateway(LoopbackUrl(port.port()));
  EXPECT_THAT(gateway.CreateVsp(), IsError(grpc::StatusCode::UNAVAILABLE, "UPSTREAM_CONNECT_FAILED", "not_applied"));
  EXPECT_THAT(gateway.AddWolkvox(), IsError(grpc::StatusCode::UNAVAILABLE, "UPSTREAM_CONNECT_FAILED", "not_applied"));
}

TEST(ConnectTest, RefusedSaysWhenToRetry) {
  const RefusingPort port;
  const TestGateway gateway(LoopbackUrl(port.port()));
  EXPECT_TRUE(gateway.CreateVsp().retry_after.has_value());
}

TEST(ConnectTest, UnansweredIsUnavailableWithinTheConnectTimeout) {
  const SilentPort port;
  const TestGateway gateway(LoopbackUrl(port.port()), [](config::Config& config) {
    config.seethepro.upstream.connect_timeout = absl::Milliseconds(200);
  });
  const absl::Time start = absl::Now();
  EXPECT_THAT(gateway.CreateVsp(), IsError(grpc::StatusCode::UNAVAILABLE, "UPSTREAM_CONNECT_TIMEOUT", "not_applied"));
  EXPECT_THAT(absl::Now() - start, AllOf(Ge(absl::Milliseconds(190)), Le(absl::Milliseconds(700))));
}

TEST(ConnectTest, ANameThatDoesNotResolveIsUnavailableAndNotApplied) {
  FakeResolver resolver;
  resolver.Fail("upstream.test", Error(Reason::kUpstreamDnsFailure).In(Phase::kResolve));
  const TestGateway gateway("http://upstream.test/", nullptr, &resolver);
  EXPECT_THAT(gateway.CreateVsp(), IsError(grpc::StatusCode::UNAVAILABLE, "UPSTREAM_DNS_FAILURE", "not_applied"));
}

TEST(ConnectTest, ASlowNameServerEndsTheCallInTimeAndDelaysNoOther) {
  RawUpstream healthy(Always({RespondJson(201, kWolkvoxOk)}));
  FakeResolver resolver;  // knows nothing of slow.test: its lookups stay pending
  const TestGateway gateway(
      healthy.url(),
      [](config::Config& config) {
        config.server.lanes = 1;
        config.seethepro.base_url = "http://slow.test/";
      },
      &resolver);
  EXPECT_THAT(gateway.AddWolkvox(), Succeeds());

  absl::Duration slow_took;
  VspAnswer slow;
  std::thread slow_call([&] {
    const absl::Time start = absl::Now();
    slow = gateway.CreateVsp(WithDeadline(absl::Milliseconds(500)));
    slow_took = absl::Now() - start;
  });
  EXPECT_TRUE([&] {
    while (resolver.waiting("slow.test") == 0) std::this_thread::yield();
    return true;
  }());
  for (int i = 0; i < 20; ++i) {
    const absl::Time start = absl::Now();
    EXPECT_THAT(gateway.AddWolkvox(), Succeeds());
    EXPECT_THAT(absl::Now() - start, Lt(absl::Milliseconds(50)));
  }
  slow_call.join();
  EXPECT_THAT(slow.outcome, "not_applied");
  EXPECT_THAT(slow.reason, "UPSTREAM_DNS_TIMEOUT");
  EXPECT_THAT(slow_took, Le(absl::Milliseconds(550)));
  resolver.Fail("slow.test", Error(Reason::kUpstreamDnsFailure).In(Phase::kResolve));  // lets nobody wait for ever
}

TEST(ConnectTest, TakesNoProxyFromTheEnvironment) {
  RawUpstream proxy(Always({RespondJson(200, kOk)}));
  RawUpstream upstream(Always({RespondJson(200, kOk)}));
  const std::string url = proxy.url();
  for (const char* name : {"http_proxy", "https_proxy", "all_proxy", "ALL_PROXY"}) setenv(name, url.c_str(), 1);
  {
    const TestGateway gateway(upstream.url());
    EXPECT_THAT(gateway.CreateVsp(), Succeeds());
  }
  for (const char* name : {"http_proxy", "https_proxy", "all_proxy", "ALL_PROXY"}) unsetenv(name);
  EXPECT_EQ(proxy.counts().connections, 0u);
  EXPECT_EQ(upstream.counts().requests, 1u);
}

TEST(ConnectTest, UsesTheProxyThatIsConfigured) {
  RawUpstream proxy(Always({RespondJson(200, kOk)}));
  const TestGateway gateway("http://upstream.test/",
                            [&](config::Config& config) { config.egress.proxy = proxy.url(); });
  EXPECT_THAT(gateway.CreateVsp(), Succeeds());
  EXPECT_EQ(proxy.requests().at(0).target, "http://upstream.test/api/vspinteraction/create");
}

}  // namespace
}  // namespace interaction::testing
