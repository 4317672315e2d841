// Deadlines: however they are spelled, a call ends in time, and an unknown outcome is called unknown.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>

#include "absl/time/clock.h"
#include "google/rpc/status.pb.h"
#include "tests/integration/answer_matchers.h"
#include "tests/integration/gateway.h"
#include "tests/integration/vendor_replies.h"
#include "tests/support/raw_h2.h"
#include "tests/support/raw_upstream.h"

namespace interaction::testing {
namespace {

using ::testing::AllOf;
using ::testing::Ge;
using ::testing::Le;

RawCall CallWithTimeout(std::optional<std::string> grpc_timeout) {
  return {.path = kCreateVspPath,
          .body = GrpcMessage(TestGateway::ValidVsp().SerializeAsString()),
          .grpc_timeout = std::move(grpc_timeout)};
}

TEST(DeadlineTest, AHangingUpstreamEndsTheCallAtItsDeadlineWithOutcomeUnknown) {
  RawUpstream upstream(Always({Hang()}));
  const TestGateway gateway(upstream.url());
  const absl::Time start = absl::Now();
  const VspAnswer answer = gateway.CreateVsp(WithDeadline(absl::Milliseconds(500)));
  // The margin of 25 ms lets the answer arrive before the caller gives up by itself, which would bring no details.
  EXPECT_THAT(absl::Now() - start, AllOf(Ge(absl::Milliseconds(450)), Le(absl::Milliseconds(550))));
  EXPECT_THAT(answer, IsError(grpc::StatusCode::DEADLINE_EXCEEDED, "UPSTREAM_TIMEOUT", "unknown"));
  EXPECT_EQ(upstream.counts().requests, 1u);
}

TEST(DeadlineTest, ADrippedAnswerDoesNotExtendIt) {
  RawUpstream upstream(Always(
      {Send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"), Drip(std::string(1000, ' '), absl::Milliseconds(50))}));
  const TestGateway gateway(upstream.url());
  EXPECT_THAT(gateway.CreateVsp(WithDeadline(absl::Milliseconds(400))),
              IsError(grpc::StatusCode::DEADLINE_EXCEEDED, "UPSTREAM_TIMEOUT", "unknown"));
}

TEST(DeadlineTest, OfAMillisecondSendsNothing) {
  RawUpstream upstream(Always({RespondJson(200, kOk)}));
  const TestGateway gateway(upstream.url());
  EXPECT_THAT(gateway.CreateVsp(), Succeeds());  // the connection to the gateway is up
  EXPECT_EQ(gateway.CreateVsp(WithDeadline(absl::Milliseconds(1))).status.error_code(),
            grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(gateway.CreateVsp(WithDeadline(absl::ZeroDuration())).status.error_code(),
            grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(upstream.counts().requests, 1u);
}

TEST(DeadlineTest, ThatLeavesTooLittleTimeIsRefusedBeforeSending) {
  RawUpstream upstream(Always({RespondJson(200, kOk)}));
  const TestGateway gateway(upstream.url());
  EXPECT_THAT(gateway.CreateVsp(), Succeeds());
  RawH2Client client(gateway.port());
  const auto reply = client.Call(CallWithTimeout("45m"));  // milliseconds
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->Trailer("grpc-status"), "4");
  EXPECT_EQ(upstream.counts().requests, 1u);
}

class GrpcTimeoutTest : public ::testing::TestWithParam<std::pair<const char*, std::optional<std::string>>> {};

TEST_P(GrpcTimeoutTest, IsAnsweredWhenTheUpstreamAnswers) {
  RawUpstream upstream(Always({RespondJson(200, kOk)}));
  const TestGateway gateway(upstream.url());
  RawH2Client client(gateway.port());
  const auto reply = client.Call(CallWithTimeout(GetParam().second));
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->Trailer("grpc-status"), "0");
  EXPECT_EQ(upstream.counts().requests, 1u);
}

TEST_P(GrpcTimeoutTest, EndsAtTheServersOwnMaximumWhenTheUpstreamHangs) {
  RawUpstream upstream(Always({Hang()}));
  const TestGateway gateway(upstream.url(), [](config::Config& config) {
    config.calls.default_deadline = absl::Milliseconds(300);
    config.seethepro.upstream.max_deadline = absl::Milliseconds(300);
  });
  RawH2Client client(gateway.port());
  const absl::Time start = absl::Now();
  const auto reply = client.Call(CallWithTimeout(GetParam().second));
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->Trailer("grpc-status"), "4");
  EXPECT_EQ(reply->Trailer("grpc-retry-pushback-ms"), "-1");
  EXPECT_THAT(absl::Now() - start, AllOf(Ge(absl::Milliseconds(250)), Le(absl::Milliseconds(400))));
}

INSTANTIATE_TEST_SUITE_P(Spellings, GrpcTimeoutTest,
                         ::testing::Values(std::pair{"Absent", std::optional<std::string>()},
                                           std::pair{"TooLargeForAClock", std::optional<std::string>("99999999H")},
                                           std::pair{"EightDigits", std::optional<std::string>("99999999S")}),
                         [](const auto& row) { return row.param.first; });

class MalformedTimeoutTest : public ::testing::TestWithParam<std::pair<const char*, const char*>> {};

// The gRPC library takes such a call for one without deadline.
TEST_P(MalformedTimeoutTest, IsRefusedBeforeSending) {
  RawUpstream upstream(Always({RespondJson(200, kOk)}));
  const TestGateway gateway(upstream.url());
  RawH2Client client(gateway.port());
  const auto reply = client.Call(CallWithTimeout(GetParam().second));
  ASSERT_TRUE(reply.ok()) << reply.status();
  const bool is_ignored = TransportUnderTest() == config::Transport::kGrpc;
  EXPECT_EQ(reply->Trailer("grpc-status"), is_ignored ? "0" : "3");
  EXPECT_EQ(upstream.counts().requests, is_ignored ? 1u : 0u);
}

INSTANTIATE_TEST_SUITE_P(Spellings, MalformedTimeoutTest,
                         ::testing::Values(std::pair{"TooManyDigits", "999999999H"}, std::pair{"NotANumber", "abc"},
                                           std::pair{"Negative", "-1S"}),
                         [](const auto& row) { return row.param.first; });

}  // namespace
}  // namespace interaction::testing
