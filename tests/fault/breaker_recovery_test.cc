// An upstream comes back, and the breaker lets calls through again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/time/clock.h"
#include "tests/integration/answer_matchers.h"
#include "tests/integration/gateway.h"
#include "tests/integration/vendor_replies.h"
#include "tests/support/eventually.h"
#include "tests/support/fake_resolver.h"
#include "tests/support/raw_upstream.h"

namespace interaction::testing {
namespace {

using ::grpc::StatusCode;
using ::testing::AllOf;
using ::testing::Ge;
using ::testing::Le;

TEST(BreakerRecoveryTest, AnUpstreamThatIsBackIsFoundWithinTenSecondsAndThenTrusted) {
  RawUpstream upstream(Always({RespondJson(200, kOk)}));
  FakeResolver resolver;
  resolver.Answer("upstream.test", {"127.0.0.2"});  // this machine too, but nobody listens there
  const TestGateway gateway(
      upstream.UrlFor("upstream.test"), [](config::Config& config) { config.calls.retry = false; }, &resolver);
  for (int i = 0; i < 5; ++i) {
    EXPECT_THAT(gateway.CreateVsp(), IsError(StatusCode::UNAVAILABLE, "UPSTREAM_CONNECT_FAILED", "not_applied"));
  }
  const absl::Time opened = absl::Now();
  resolver.Answer("upstream.test", {"127.0.0.1"});
  VspAnswer answer;
  EXPECT_TRUE(Eventually(
      [&] {
        answer = gateway.CreateVsp();
        if (answer.status.ok()) return true;
        EXPECT_THAT(answer, IsError(StatusCode::UNAVAILABLE, "UPSTREAM_CIRCUIT_OPEN", "not_applied"));
        return false;
      },
      absl::Seconds(10)));
  EXPECT_THAT(absl::Now() - opened,
              AllOf(Ge(absl::Seconds(3.9)), Le(absl::Seconds(6.5))));  // 5 s, a fifth more or less
  for (int i = 0; i < 20; ++i) EXPECT_THAT(gateway.CreateVsp(), Succeeds());
  EXPECT_EQ(upstream.counts().requests, 21u);
}

}  // namespace
}  // namespace interaction::testing
