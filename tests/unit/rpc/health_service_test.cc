#include "server/rpc/health_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/rpc/service_test_fixture.h"

namespace interaction::rpc {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;
using ::testing::ElementsAre;
using testing::FakeCaller;

constexpr char kCheck[] = "/grpc.health.v1.Health/Check";
constexpr char kWatch[] = "/grpc.health.v1.Health/Watch";

class HealthServiceTest : public testing::ServiceTest {
 protected:
  HealthServiceTest() {
    health_.Add(lane_.get());
    health_.Register(&methods_);
  }

  static FakeCaller AskingFor(const std::string& service) {
    HealthCheckRequest request;
    request.set_service(service);
    FakeCaller caller;
    caller.messages.push_back(request.SerializeAsString());
    return caller;
  }

  static HealthService::Status StatusIn(const std::string& message) {
    HealthCheckResponse response;
    EXPECT_TRUE(response.ParseFromString(message));
    return response.status();
  }
  HealthService::Status Check(const std::string& service) {
    return StatusIn(Begin(kCheck, AskingFor(service)).ending->reply.value());
  }
  static std::vector<HealthService::Status> Written(const FakeCaller& caller) {
    std::vector<HealthService::Status> statuses;
    for (const std::string& message : caller.written) statuses.push_back(StatusIn(message));
    return statuses;
  }

  void SetServing(bool serving) {
    health_.SetServing("orders", serving);
    lane_.Run([] {});
  }

  HealthService health_{{"orders"}};
};

TEST_F(HealthServiceTest, TellsTheStateOfAServiceItKnows) {
  EXPECT_EQ(Check("orders"), HealthCheckResponse::SERVING);
  SetServing(false);
  EXPECT_EQ(Check("orders"), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(Check(""), HealthCheckResponse::SERVING);
}

TEST_F(HealthServiceTest, DoesNotFindAServiceItDoesNotKnow) {
  const FakeCaller& caller = Begin(kCheck, AskingFor("no such"));
  EXPECT_EQ(caller.ending->status.code, static_cast<int>(absl::StatusCode::kNotFound));
  EXPECT_FALSE(caller.ending->reply.has_value());
}

TEST_F(HealthServiceTest, RefusesWhatIsNoMessage) {
  FakeCaller none, bad;
  bad.messages.push_back("\xff");
  for (const FakeCaller& caller : {none, bad}) {
    EXPECT_EQ(Begin(kCheck, caller).ending->status.code, static_cast<int>(absl::StatusCode::kInvalidArgument));
  }
}

TEST_F(HealthServiceTest, TellsWatchersOfEachChange) {
  const FakeCaller& caller = Begin(kWatch, AskingFor("orders"));
  EXPECT_THAT(Written(caller), ElementsAre(HealthCheckResponse::SERVING));
  SetServing(false);
  SetServing(false);
  SetServing(true);
  EXPECT_THAT(Written(caller), ElementsAre(HealthCheckResponse::SERVING, HealthCheckResponse::NOT_SERVING,
                                           HealthCheckResponse::SERVING));
  EXPECT_FALSE(caller.is_over);
}

TEST_F(HealthServiceTest, WatchesANameThatItDoesNotKnow) {
  const FakeCaller& caller = Begin(kWatch, AskingFor("no such"));
  EXPECT_THAT(Written(caller), ElementsAre(HealthCheckResponse::SERVICE_UNKNOWN));
  EXPECT_FALSE(caller.is_over);
}

TEST_F(HealthServiceTest, ForgetsAWatcherWhoLeaves) {
  const FakeCaller& caller = Begin(kWatch, AskingFor("orders"));
  lane_.Run([&] { caller.call->Leave(); });
  EXPECT_TRUE(caller.is_over);
  SetServing(false);
  EXPECT_EQ(caller.written.size(), 1u);
}

TEST_F(HealthServiceTest, EndsAWatchWhenTheServerEnds) {
  const FakeCaller& caller = Begin(kWatch, AskingFor("orders"));
  ShutDown();
  EXPECT_EQ(caller.ending->status.code, static_cast<int>(absl::StatusCode::kUnavailable));
  EXPECT_TRUE(caller.is_over);
}

}  // namespace
}  // namespace interaction::rpc
