#include "client/target.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/matchers.h"

namespace interaction {
namespace {

using ::interaction::testing::IsOk;
using ::interaction::testing::StatusIs;

class TargetTest : public ::testing::TestWithParam<const char*> {};

TEST_P(TargetTest, IsTaken) { EXPECT_THAT(CheckTarget(GetParam()), IsOk()); }

INSTANTIATE_TEST_SUITE_P(Targets, TargetTest,
                         ::testing::Values("127.0.0.1:50051", "gateway:1", "gateway.example:65535", "[::1]:50051",
                                           "dns:gateway:50051", "dns:///gateway:50051", "dns://8.8.8.8/gateway:50051",
                                           "ipv4:10.0.0.1:50051", "ipv4:10.0.0.1:50051,10.0.0.2:50052",
                                           "ipv6:[::1]:50051", "unix:gateway.sock", "unix:/run/gateway.sock",
                                           "unix:///run/gateway.sock", "unix-abstract:gateway", "xds:///gateway"));

struct WrongCase {
  const char* target;
  const char* message;
};

class WrongTargetTest : public ::testing::TestWithParam<WrongCase> {};

TEST_P(WrongTargetTest, IsRefusedWithWhatWouldBeRight) {
  EXPECT_THAT(CheckTarget(GetParam().target), StatusIs(absl::StatusCode::kInvalidArgument, GetParam().message));
}

constexpr char kTooHigh[] =
    "'gateway:99999' is not an address: the port must be a number from 1 to 65535; for example gateway:50051";

INSTANTIATE_TEST_SUITE_P(
    Targets, WrongTargetTest,
    ::testing::Values(
        WrongCase{"", "no address; for example 127.0.0.1:50051"}, WrongCase{"gateway:99999", kTooHigh},
        WrongCase{"gateway:0",
                  "'gateway:0' is not an address: the port must be a number from 1 to 65535; for example "
                  "gateway:50051"},
        WrongCase{"gateway:",
                  "'gateway:' is not an address: the port must be a number from 1 to 65535; for example "
                  "gateway:50051"},
        WrongCase{"gateway:http",
                  "'gateway:http' is not an address: the port must be a number from 1 to 65535; for example "
                  "gateway:50051"},
        WrongCase{"gateway:-1",
                  "'gateway:-1' is not an address: the port must be a number from 1 to 65535; for example "
                  "gateway:50051"},
        WrongCase{"gateway:4294967297",
                  "'gateway:4294967297' is not an address: the port must be a number from 1 to 65535; for example "
                  "gateway:50051"},
        WrongCase{"gateway", "'gateway' is not an address: the port is missing; for example gateway:50051"},
        WrongCase{"[::1]", "'[::1]' is not an address: the port is missing; for example [::1]:50051"},
        WrongCase{":50051", "':50051' is not an address: the host is missing; for example 127.0.0.1:50051"},
        WrongCase{"::1:50051",
                  "'::1:50051' is not an address: the IPv6 address has no brackets; for example [::1]:50051"},
        WrongCase{"http://gateway:50051/",
                  "'http://gateway:50051/' is not an address: a URL is not accepted here; for example gateway:50051"},
        WrongCase{"https://gateway",
                  "'https://gateway' is not an address: a URL is not accepted here; for example gateway:50051"},
        WrongCase{"dns:///gateway",
                  "'dns:///gateway' is not an address: the port is missing; for example gateway:50051"},
        WrongCase{"ipv4:10.0.0.1:1,10.0.0.2:0",
                  "'ipv4:10.0.0.1:1,10.0.0.2:0' is not an address: the port must be a number from 1 to 65535; for "
                  "example 10.0.0.2:50051"},
        WrongCase{"unix:", "'unix:' is not an address: the path is missing; for example unix:/run/interaction.sock"}));

TEST(WrongTargetTest, ASocketsPathHasALimit) {
  EXPECT_THAT(CheckTarget("unix:" + std::string(107, 'x')), IsOk());
  EXPECT_THAT(CheckTarget("unix:" + std::string(108, 'x')), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(ProxyTest, IsAnHttpUrlWithAPort) {
  EXPECT_THAT(CheckProxy(""), IsOk());
  EXPECT_THAT(CheckProxy("http://proxy:3128"), IsOk());
  EXPECT_THAT(CheckProxy("http://user:pass@proxy:3128/"), IsOk());
  EXPECT_THAT(CheckProxy("https://proxy:3128"), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(CheckProxy("proxy:3128"), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(ProxyTest, ItsPasswordIsNotRepeated) {
  EXPECT_THAT(
      CheckProxy("http://user:s3cret@proxy"),
      StatusIs(absl::StatusCode::kInvalidArgument,
               "'http://proxy' is not an address: a proxy needs a host and a port; for example http://proxy:3128"));
}

}  // namespace
}  // namespace interaction
