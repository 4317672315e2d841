#include "server/rpc/unknown_methods.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/rpc/service_test_fixture.h"

namespace interaction::rpc {
namespace {

using testing::FakeCaller;

class UnknownMethodsTest : public testing::ServiceTest {
 protected:
  UnknownMethodsTest() { unknown_.Register(&methods_); }

  UnknownMethods unknown_{/*log=*/nullptr};
};

TEST_F(UnknownMethodsTest, AreUnimplementedWithoutWaitingForTheRequest) {
  const FakeCaller& caller = Begin("/no.such.Service/Method", {.half_closed = false});
  EXPECT_EQ(caller.ending->status.code, static_cast<int>(absl::StatusCode::kUnimplemented));
  EXPECT_FALSE(caller.ending->status.details.empty());
  EXPECT_TRUE(caller.is_over);
}

}  // namespace
}  // namespace interaction::rpc
