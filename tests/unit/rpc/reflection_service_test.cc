#include "server/rpc/reflection_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "grpc/reflection/v1/reflection.pb.h"
#include "tests/unit/rpc/service_test_fixture.h"

namespace interaction::rpc {
namespace {

using grpc::reflection::v1::ServerReflectionRequest;
using grpc::reflection::v1::ServerReflectionResponse;
using testing::FakeCaller;

class ReflectionServiceTest : public testing::ServiceTest, public ::testing::WithParamInterface<const char*> {
 protected:
  ReflectionServiceTest() { reflection_.Register(&methods_); }

  static std::string ListServices() {
    ServerReflectionRequest request;
    request.set_list_services("*");
    return request.SerializeAsString();
  }

  ReflectionService reflection_{{"one.Service"}};
};

INSTANTIATE_TEST_SUITE_P(Versions, ReflectionServiceTest,
                         ::testing::Values("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
                                           "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"),
                         [](const auto& row) { return row.index == 0 ? "V1" : "V1Alpha"; });

TEST_P(ReflectionServiceTest, AnswersEachRequestUntilTheCallerHasSentItsLast) {
  const FakeCaller& caller = Begin(GetParam(), {.half_closed = false});
  EXPECT_TRUE(caller.written.empty());
  for (size_t i = 1; i <= 2; ++i) {
    lane_.Run([&] { caller.call->Send(ListServices()); });
    ASSERT_EQ(caller.written.size(), i);
    ServerReflectionResponse response;
    ASSERT_TRUE(response.ParseFromString(caller.written.back()));
    EXPECT_EQ(response.list_services_response().service(0).name(), "one.Service");
  }
  EXPECT_FALSE(caller.is_over);
  lane_.Run([&] { caller.call->Leave(); });
  EXPECT_TRUE(caller.is_over);
}

TEST_P(ReflectionServiceTest, EndsWellWhenThereAreNoMoreRequests) {
  const FakeCaller& caller = Begin(GetParam(), {.messages = {ListServices(), ListServices()}});
  EXPECT_EQ(caller.written.size(), 2u);
  EXPECT_TRUE(caller.ending->status.ok());
}

TEST_P(ReflectionServiceTest, RefusesWhatIsNoMessage) {
  const FakeCaller& caller = Begin(GetParam(), {.messages = {"\xff"}});
  EXPECT_EQ(caller.ending->status.code, static_cast<int>(absl::StatusCode::kInvalidArgument));
}

TEST_P(ReflectionServiceTest, EndsWhenTheServerEnds) {
  const FakeCaller& caller = Begin(GetParam(), {.half_closed = false});
  ShutDown();
  EXPECT_TRUE(caller.is_over);
}

}  // namespace
}  // namespace interaction::rpc
