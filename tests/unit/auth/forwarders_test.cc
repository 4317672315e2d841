#include "server/auth/forwarders.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/matchers.h"

namespace interaction::auth {
namespace {

using ::interaction::testing::StatusIs;

const Caller kNobody;

TEST(ForwardersTest, AreFoundByAddressAndRange) {
  const Forwarders forwarders = *Forwarders::Parse({"127.0.0.1", "10.1.0.0/15", "fd00::/9", "::1"});
  EXPECT_TRUE(forwarders.Contain("ipv4:127.0.0.1:4711", kNobody));
  EXPECT_FALSE(forwarders.Contain("ipv4:127.0.0.2:4711", kNobody));
  EXPECT_TRUE(forwarders.Contain("ipv4:10.0.255.255:1", kNobody));
  EXPECT_TRUE(forwarders.Contain("ipv4:10.1.255.255:1", kNobody));
  EXPECT_FALSE(forwarders.Contain("ipv4:10.2.0.0:1", kNobody));
  EXPECT_TRUE(forwarders.Contain("ipv6:[fd12::7]:1", kNobody));
  EXPECT_FALSE(forwarders.Contain("ipv6:[fd80::7]:1", kNobody));
  EXPECT_TRUE(forwarders.Contain("ipv6:[::1]:1", kNobody));
  EXPECT_FALSE(forwarders.Contain("unix:", kNobody));
}

TEST(ForwardersTest, AreFoundByUnixSocketAndCertificate) {
  const Forwarders forwarders = *Forwarders::Parse({"unix", "certificate:spiffe://c/ingress"});
  EXPECT_TRUE(forwarders.Contain("unix:", kNobody));
  EXPECT_FALSE(forwarders.Contain("ipv4:127.0.0.1:1", kNobody));
  EXPECT_TRUE(forwarders.Contain("ipv4:10.0.0.1:1", {.proof = Proof::kCertificate, .identity = "spiffe://c/ingress"}));
  EXPECT_FALSE(forwarders.Contain("ipv4:10.0.0.1:1", {.proof = Proof::kCertificate, .identity = "spiffe://c/x"}));
}

TEST(ForwardersTest, RefuseWhatIsNoPeer) {
  for (const char* text :
       {"", "localhost", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "::/129", "certificate:", "10.0.0"}) {
    EXPECT_THAT(Forwarders::Parse({text}).status(), StatusIs(absl::StatusCode::kInvalidArgument)) << text;
  }
}

}  // namespace
}  // namespace interaction::auth
