#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>

#include "grpc/health/v1/health.grpc.pb.h"
#include "tests/integration/answer_matchers.h"
#include "tests/integration/gateway.h"
#include "tests/support/raw_upstream.h"

namespace interaction::testing {
namespace {

using grpc::health::v1::Health;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

constexpr char kService[] = "interaction.v1.InteractionService";

class HealthTest : public ::testing::Test {
 protected:
  HealthTest()
      : upstream_(Always({RespondJson(200, "{}")})),
        gateway_(upstream_.url()),
        health_(Health::NewStub(gateway_.channel())) {}

  static HealthCheckRequest For(const std::string& service) {
    HealthCheckRequest request;
    request.set_service(service);
    return request;
  }

  RawUpstream upstream_;
  TestGateway gateway_;
  std::unique_ptr<Health::Stub> health_;
};

TEST_F(HealthTest, IsServingForTheServerAndForTheService) {
  for (const char* service : {"", kService}) {
    grpc::ClientContext context;
    HealthCheckResponse response;
    EXPECT_TRUE(health_->Check(&context, For(service), &response).ok());
    EXPECT_EQ(response.status(), HealthCheckResponse::SERVING);
  }
}

TEST_F(HealthTest, IsNotFoundForAServiceThatIsNotHere) {
  grpc::ClientContext context;
  HealthCheckResponse response;
  EXPECT_EQ(health_->Check(&context, For("no.such.Service"), &response).error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(HealthTest, AnUpstreamThatIsLeftAloneShowsUnderItsOwnNameOnly) {
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(gateway_.CreateVsp().status.ok());  // an empty answer: outcome unknown
  const std::pair<const char*, HealthCheckResponse::ServingStatus> expected[] = {
      {"upstream.seethepro", HealthCheckResponse::NOT_SERVING},
      {"upstream.wolkvox", HealthCheckResponse::SERVING},
      {kService, HealthCheckResponse::SERVING},
      {"", HealthCheckResponse::SERVING}};
  for (const auto& [service, status] : expected) {
    grpc::ClientContext context;
    HealthCheckResponse response;
    EXPECT_TRUE(health_->Check(&context, For(service), &response).ok()) << service;
    EXPECT_EQ(response.status(), status) << service;
  }
}

TEST_F(HealthTest, IsWatchedFromServingToNotServing) {
  grpc::ClientContext context;
  const auto stream = health_->Watch(&context, For(kService));
  HealthCheckResponse response;
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::SERVING);
  gateway_.app().AnnounceShutdown();
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::NOT_SERVING);
}

TEST_F(HealthTest, OfAnUnknownServiceIsWatchedAsUnknown) {
  grpc::ClientContext context;
  const auto stream = health_->Watch(&context, For("no.such.Service"));
  HealthCheckResponse response;
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::SERVICE_UNKNOWN);
  context.TryCancel();
}

TEST_F(HealthTest, IsNotServingWhileCallsAreStillTaken) {
  gateway_.app().AnnounceShutdown();
  grpc::ClientContext context;
  HealthCheckResponse response;
  EXPECT_TRUE(health_->Check(&context, For(kService), &response).ok());
  EXPECT_EQ(response.status(), HealthCheckResponse::NOT_SERVING);
  upstream_.OnRequest(Always({RespondJson(200, R"({"InteractionId":"1"})")}));
  EXPECT_THAT(gateway_.CreateVsp(), Succeeds());
}

TEST_F(HealthTest, AWatchDoesNotHoldUpTheShutdown) {
  grpc::ClientContext context;
  const auto stream = health_->Watch(&context, For(""));
  HealthCheckResponse response;
  ASSERT_TRUE(stream->Read(&response));
  const auto start = std::chrono::steady_clock::now();
  gateway_.app().Shutdown(absl::Seconds(10));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
  while (stream->Read(&response)) {
  }
  EXPECT_FALSE(stream->Finish().ok());
}

}  // namespace
}  // namespace interaction::testing
