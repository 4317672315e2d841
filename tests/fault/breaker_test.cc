// An upstream that keeps failing is left alone for a while, and nobody else suffers for it. How it comes back:
// breaker_recovery_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "tests/integration/answer_matchers.h"
#include "tests/integration/gateway.h"
#include "tests/integration/vendor_replies.h"
#include "tests/support/raw_upstream.h"
#include "tests/support/sockets.h"

namespace interaction::testing {
namespace {

using ::grpc::StatusCode;
using ::testing::AllOf;
using ::testing::Gt;
using ::testing::Le;

void ExpectOpen(const VspAnswer& answer) {
  EXPECT_THAT(answer, IsError(StatusCode::UNAVAILABLE, "UPSTREAM_CIRCUIT_OPEN", "not_applied"));
  ASSERT_TRUE(answer.retry_after.has_value());
  EXPECT_THAT(*answer.retry_after, AllOf(Gt(absl::ZeroDuration()), Le(absl::Seconds(6))));  // 5 s, more or less
}

// Breaks each connection in the middle of the TLS handshake, and counts them.
class UnreachableUpstream {
 public:
  std::string url() const { return absl::StrCat("https://127.0.0.1:", upstream_.port(), "/"); }
  size_t attempts() const { return upstream_.counts().connections; }

 private:
  static RawUpstreamOptions Breaking() {
    RawUpstreamOptions options;
    options.on_connect = [](int) { return Script{AwaitBytes(), Reset()}; };
    return options;
  }

  RawUpstream upstream_{Always({Reset()}), Breaking()};
};

TEST(BreakerTest, AnUpstreamThatCannotBeReachedIsNotTriedAfterFiveTimes) {
  const UnreachableUpstream unreachable;
  RawUpstream healthy(Always({RespondJson(201, kWolkvoxOk)}));
  const TestGateway gateway(healthy.url(), [&](config::Config& config) {
    config.seethepro.base_url = unreachable.url();
    config.calls.retry = false;
  });
  for (int i = 0; i < 5; ++i) {
    EXPECT_THAT(gateway.CreateVsp(), IsError(StatusCode::UNAVAILABLE, "UPSTREAM_TLS_FAILED", "not_applied"));
  }
  for (int i = 0; i < 20; ++i) ExpectOpen(gateway.CreateVsp());
  EXPECT_EQ(unreachable.attempts(), 5u);

  for (int i = 0; i < 20; ++i) EXPECT_THAT(gateway.AddWolkvox(), Succeeds());
  EXPECT_EQ(healthy.counts().requests, 20u);
}

TEST(BreakerTest, RetriesEndWhereTheBreakerOpens) {
  const UnreachableUpstream unreachable;
  const TestGateway gateway(unreachable.url());
  EXPECT_THAT(gateway.CreateVsp(), IsError(StatusCode::UNAVAILABLE, "UPSTREAM_TLS_FAILED", "not_applied"));
  ExpectOpen(gateway.CreateVsp());
  ExpectOpen(gateway.CreateVsp());
  EXPECT_EQ(unreachable.attempts(), 5u);
}

TEST(BreakerTest, ARefusedConnectionCounts) {
  const RefusingPort port;
  const TestGateway gateway(absl::StrCat("http://127.0.0.1:", port.port(), "/"),
                            [](config::Config& config) { config.calls.retry = false; });
  for (int i = 0; i < 5; ++i) {
    EXPECT_THAT(gateway.CreateVsp(), IsError(StatusCode::UNAVAILABLE, "UPSTREAM_CONNECT_FAILED", "not_applied"));
  }
  ExpectOpen(gateway.CreateVsp());
}

TEST(BreakerTest, AnUpstreamThatFailsIsNotSentMoreThanTwentyRequests) {
  RawUpstream upstream(Always({RespondJson(500, "{}")}));
  const TestGateway gateway(upstream.url());
  for (int i = 0; i < 20; ++i) {
    EXPECT_THAT(gateway.CreateVsp(), IsError(StatusCode::UNKNOWN, "UPSTREAM_INTERNAL_ERROR", "unknown"));
  }
  for (int i = 0; i < 5; ++i) ExpectOpen(gateway.CreateVsp());
  EXPECT_EQ(upstream.counts().requests, 20u);
}

TEST(BreakerTest, AnUpstreamThatSaysNoIsHealthy) {
  RawUpstream upstream(Always({RespondJson(400, "{}")}));
  const TestGateway gateway(upstream.url());
  for (int i = 0; i < 40; ++i) {
    EXPECT_THAT(gateway.CreateVsp(),
                IsError(StatusCode::INVALID_ARGUMENT, "UPSTREAM_REJECTED_ARGUMENT", "not_applied"));
  }
  EXPECT_EQ(upstream.counts().requests, 40u);
}

// A refused call was not sent, so its id is free.
TEST(BreakerTest, ARequestIdOutlivesARefusal) {
  RawUpstream upstream(Always({RespondJson(500, "{}")}));
  const TestGateway gateway(upstream.url());
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(gateway.CreateVsp().status.ok());
  auto request = TestGateway::ValidVsp();
  request.set_request_id("7b8c4d3e-91d2-4a0b-8c5e-2f1a6b7c8d9e");
  ExpectOpen(gateway.CreateVsp(request));
  ExpectOpen(gateway.CreateVsp(request));
  EXPECT_EQ(upstream.counts().requests, 20u);
}

}  // namespace
}  // namespace interaction::testing
