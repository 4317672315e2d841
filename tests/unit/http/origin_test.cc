#include "server/http/origin.h"

#include <curl/curl.h>

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

TEST(OriginTest, TakesOnlyTheAddressesThatThePolicyAllows) {
  Origin origin(kUrl, /*via_proxy=*/false);
  origin.Take(Addresses{{"10.0.0.1", "93.184.216.34", "::1"}, 1}, AddressPolicy(), kSecond);
  EXPECT_THAT(origin.status(), IsOk());
  EXPECT_THAT(origin.addresses().ip, ElementsAre("93.184.216.34"));
}

TEST(OriginTest, IsForbiddenWhenNoAddressIsAllowed) {
  Origin origin(kUrl, /*via_proxy=*/false);
  origin.Take(Addresses{{"10.0.0.1", "169.254.169.254"}, 1}, AddressPolicy(), kSecond);
  EXPECT_THAT(origin.status(), HasReason(Reason::kEgressAddressForbidden));
}

TEST(OriginTest, WantsAddressesAgainAfterASecond) {
  Origin origin(kUrl, /*via_proxy=*/false);
  EXPECT_TRUE(origin.WantsAddresses(kSecond));
  origin.Take(Addresses{{"93.184.216.34"}, 1}, AddressPolicy(), kSecond);
  EXPECT_FALSE(origin.WantsAddresses(kSecond + kSecond / 2));
  EXPECT_TRUE(origin.WantsAddresses(3 * kSecond));
}

TEST(OriginTest, NeverWantsAddressesThroughAProxy) {
  EXPECT_FALSE(Origin(kUrl, /*via_proxy=*/true).WantsAddresses(kSecond));
}

struct ConnectionCounts {
  int open;
  int busy;
};

void SetConnections(ConnectionGroup* group, ConnectionCounts counts) {
  group->sockets.open.assign(counts.open, -1);
  group->in_flight = counts.busy;
}

TEST(OriginTest, UsesIdleConnectionsForLessThanTheUpstreamKeepsThem) {
  Origin origin(kUrl, /*via_proxy=*/false);
  EXPECT_EQ(origin.max_idle(), absl::InfiniteDuration());
  origin.TakeKeepAlive(absl::Seconds(5));
  EXPECT_EQ(origin.max_idle(), absl::Seconds(4));
  origin.TakeKeepAlive(std::nullopt);
  EXPECT_EQ(origin.max_idle(), absl::Seconds(4)) << "what it said last counts";
  origin.TakeKeepAlive(absl::Seconds(1));
  EXPECT_EQ(origin.max_idle(), absl::ZeroDuration());
}

TEST(OriginTest, FillsAGroupBeforeItOpensAnother) {
  Origin origin(kUrl, /*via_proxy=*/false);
  ConnectionGroup* const first = origin.PickGroup(kSecond);
  SetConnections(first, {.open = ConnectionGroup::kMaxConnections - 1, .busy = ConnectionGroup::kMaxConnections - 1});
  EXPECT_EQ(origin.PickGroup(kSecond), first);
  SetConnections(first, {.open = ConnectionGroup::kMaxConnections, .busy = ConnectionGroup::kMaxConnections});
  EXPECT_NE(origin.PickGroup(kSecond), first);
}

TEST(OriginTest, PrefersAnIdleConnectionToANewOne) {
  Origin origin(kUrl, /*via_proxy=*/false);
  ConnectionGroup* const first = origin.PickGroup(kSecond);
  SetConnections(first, {.open = ConnectionGroup::kMaxConnections, .busy = ConnectionGroup::kMaxConnections});
  ConnectionGroup* const second = origin.PickGroup(kSecond);
  SetConnections(second, {.open = 2, .busy = 1});
  // Room, but nothing idle.
  SetConnections(first, {.open = ConnectionGroup::kMaxConnections - 1, .busy = ConnectionGroup::kMaxConnections - 1});
  EXPECT_EQ(origin.PickGroup(kSecond), second);
}

TEST(OriginTest, DropsGroupsThatNobodyUses) {
  Origin origin(kUrl, /*via_proxy=*/false);
  ConnectionGroup* const group = origin.PickGroup(kSecond);
  group->in_flight = 1;
  origin.DropGroupsUnusedSince(9 * kSecond);
  EXPECT_FALSE(origin.IsUnused()) << "a transfer is in flight";
  group->in_flight = 0;
  origin.DropGroupsUnusedSince(kSecond - 1);
  EXPECT_FALSE(origin.IsUnused()) << "it was used later";
  origin.DropGroupsUnusedSince(kSecond);
  EXPECT_TRUE(origin.IsUnused());
}

TEST(ConnectionGroupTest, NamesTheAddressesInLibcurlsForm) {
  ConnectionGroup group("example.com", 443);
  EXPECT_STREQ(group.resolve({"93.184.216.34", "2606::1"})->data, "example.com:443:93.184.216.34,[2606::1]");
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
