#include "server/auth/forwarded_certificate.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace interaction::auth {
namespace {

TEST(ForwardedCertificateTest, ReadsTheUriOfAnElement) {
  EXPECT_EQ(ForwardedIdentity(R"(By=spiffe://c/ns/gw;Hash=ab;Subject="CN=a,O=b;c";URI=spiffe://c/ns/billing)"),
            "spiffe://c/ns/billing");
  EXPECT_EQ(ForwardedIdentity("Hash=ab;URI=spiffe://c/x;DNS=x.test"), "spiffe://c/x") << "the URI comes first";
}

TEST(ForwardedCertificateTest, ReadsTheFirstDnsNameWhereThereIsNoUri) {
  EXPECT_EQ(ForwardedIdentity(R"(Hash=ab;Subject="";DNS=a.test;DNS=b.test)"), "a.test");
}

TEST(ForwardedCertificateTest, TheLastElementCounts) {
  EXPECT_EQ(ForwardedIdentity("URI=spiffe://forged/admin,By=spiffe://gw;URI=spiffe://c/billing"), "spiffe://c/billing");
  EXPECT_EQ(ForwardedIdentity(R"(URI=spiffe://c/a,Subject="x,URI=spiffe://forged";Hash=1)"), "")
      << "a comma within quotes separates nothing";
}

TEST(ForwardedCertificateTest, NamesNobodyWhenItIsNotClear) {
  EXPECT_EQ(ForwardedIdentity(""), "");
  EXPECT_EQ(ForwardedIdentity("Hash=ab"), "");
  EXPECT_EQ(ForwardedIdentity("URI=spiffe://a;URI=spiffe://b"), "");
  EXPECT_EQ(ForwardedIdentity(R"(Subject="unfinished;URI=spiffe://a)"), "");
  EXPECT_EQ(ForwardedIdentity("URI=spiffe://a b"), "");
}

TEST(ForwardedCertificateTest, ReadsQuotedValues) {
  EXPECT_EQ(ForwardedIdentity(R"(Subject="a\"b;URI=spiffe://forged";URI="spiffe://c/a")"), "spiffe://c/a");
}

}  // namespace
}  // namespace interaction::auth
