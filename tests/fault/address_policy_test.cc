// Server-side request forgery: a name that an attacker, or a mistake, points at an address inside is not connected to.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "tests/integration/answer_matchers.h"
#include "tests/integration/gateway.h"
#include "tests/support/fake_resolver.h"
#include "tests/support/raw_upstream.h"

namespace interaction::testing {
namespace {

struct Address {
  const char* name;
  const char* ip;
};

class ForbiddenAddressTest : public ::testing::TestWithParam<Address> {};

TEST_P(ForbiddenAddressTest, IsNotConnectedTo) {
  RawUpstream inside(Always({RespondJson(200, R"({"InteractionId":"1"})")}));
  FakeResolver resolver;
  resolver.Answer("wv0042.upstream.test", {GetParam().ip});
  const TestGateway gateway(
      "http://unused.test/",
      [&](config::Config& config) {
        config.wolkvox.base_url = absl::StrCat("http://wv{server}.upstream.test:", inside.port(), "/");
        config.egress.allow_loopback = false;
      },
      &resolver);
  EXPECT_THAT(gateway.AddWolkvox(),
              IsError(grpc::StatusCode::FAILED_PRECONDITION, "EGRESS_ADDRESS_FORBIDDEN", "not_applied"));
  EXPECT_EQ(inside.counts().connections, 0u);
}

INSTANTIATE_TEST_SUITE_P(Addresses, ForbiddenAddressTest,
                         ::testing::Values(Address{"Loopback", "127.0.0.1"},
                                           Address{"MetadataService", "169.254.169.254"}, Address{"LoopbackV6", "::1"},
                                           Address{"MappedPrivate", "::ffff:10.0.0.1"}, Address{"Private", "10.0.0.1"}),
                         [](const auto& row) { return row.param.name; });

TEST(AddressPolicyTest, ALiteralAddressInTheConfigurationIsHeldToItToo) {
  RawUpstream inside(Always({RespondJson(200, R"({"InteractionId":"1"})")}));
  const TestGateway gateway(inside.url(), [](config::Config& config) { config.egress.allow_loopback = false; });
  EXPECT_THAT(gateway.CreateVsp(),
              IsError(grpc::StatusCode::FAILED_PRECONDITION, "EGRESS_ADDRESS_FORBIDDEN", "not_applied"));
  EXPECT_EQ(inside.counts().connections, 0u);
}

}  // namespace
}  // namespace interaction::testing
