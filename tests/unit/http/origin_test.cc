#include "server/http/origin.h"

#include <memory>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/base/errors.h"
#include "tests/support/matchers.h"

namespace interaction::http {
namespace {

using ::interaction::testing::HasReason;
using ::interaction::testing::IsOk;
using ::testing::ElementsAre;

constexpr SteadyTime kSecond = 1'000'000'000;
const Url kUrl{"https", "example.com", 443};

class OriginTest : public ::testing::Test {
 protected:
  std::unique_ptr<Origin> MakeOrigin(const Url& url = kUrl) {
    return std::make_unique<Origin>(url, "https://example.com", std::make_shared<const EndpointOptions>(options_),
                                    &parts_);
  }

  EndpointOptions options_;
  ClientParts parts_;
};

TEST_F(OriginTest, TakesOnlyTheAddressesThatThePolicyAllows) {
  const auto origin = MakeOrigin();
  origin->Take(Addresses{{"10.0.0.1", "93.184.216.34", "::1"}, 1}, kSecond);
  EXPECT_THAT(origin->status(), IsOk());
  EXPECT_THAT(origin->connect_target().addresses, ElementsAre("93.184.216.34"));
}

TEST_F(OriginTest, IsForbiddenWhenNoAddressIsAllowed) {
  const auto origin = MakeOrigin();
  origin->Take(Addresses{{"10.0.0.1", "169.254.169.254"}, 1}, kSecond);
  EXPECT_THAT(origin->status(), HasReason(Reason::kEgressAddressForbidden));
}

TEST_F(OriginTest, WantsAddressesAgainAfterASecond) {
  const auto origin = MakeOrigin();
  EXPECT_TRUE(origin->WantsAddresses(kSecond));
  origin->Take(Addresses{{"93.184.216.34"}, 1}, kSecond);
  EXPECT_FALSE(origin->WantsAddresses(kSecond + kSecond / 2));
  EXPECT_TRUE(origin->WantsAddresses(3 * kSecond));
}

TEST_F(OriginTest, NeverWantsAddressesThroughAProxy) {
  options_.proxy = "http://proxy.test:3128";
  EXPECT_FALSE(MakeOrigin()->WantsAddresses(kSecond));
}

TEST_F(OriginTest, IsReachedThroughATunnelOnlyWithTls) {
  options_.proxy = "http://proxy.test:3128";
  EXPECT_TRUE(MakeOrigin()->connect_target().tunnel);
  EXPECT_FALSE(MakeOrigin({"http", "example.com", 80})->connect_target().tunnel);
}

TEST_F(OriginTest, NamesThePortOnlyIfItIsNotTheSchemes) {
  EXPECT_EQ(MakeOrigin()->host_header(), "example.com");
  EXPECT_EQ(MakeOrigin({"https", "example.com", 80})->host_header(), "example.com:80");
  EXPECT_EQ(MakeOrigin({"http", "2001:db8::1", 80})->host_header(), "[2001:db8::1]");
  EXPECT_EQ(MakeOrigin({"http", "2001:db8::1", 8080})->host_header(), "[2001:db8::1]:8080");
}

TEST(IsExemptFromProxyTest, KnowsHostsDomainsAndAll) {
  EXPECT_TRUE(IsExemptFromProxy("example.com", "other.test, example.com"));
  EXPECT_TRUE(IsExemptFromProxy("api.EXAMPLE.com", ".example.com"));
  EXPECT_TRUE(IsExemptFromProxy("api.example.com", "example.com"));
  EXPECT_TRUE(IsExemptFromProxy("anything.test", "*"));
  EXPECT_TRUE(IsExemptFromProxy("10.0.0.1", "10.0.0.1"));
}

TEST(IsExemptFromProxyTest, DoesNotTakePartsOfNamesForDomains) {
  EXPECT_FALSE(IsExemptFromProxy("badexample.com", "example.com"));
  EXPECT_FALSE(IsExemptFromProxy("example.com", "api.example.com"));
  EXPECT_FALSE(IsExemptFromProxy("110.0.0.1", "0.0.1"));
  EXPECT_FALSE(IsExemptFromProxy("10.0.0.1", "0.0.1"));
  EXPECT_FALSE(IsExemptFromProxy("example.com", ""));
}

}  // namespace
}  // namespace interaction::http
