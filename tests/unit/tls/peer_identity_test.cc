#include "server/tls/peer_identity.h"

#include <openssl/pem.h>

#include <cstdio>
#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/certificates.h"
#include "tests/support/temp_dir.h"

namespace interaction::tls {
namespace {

class PeerIdentityTest : public ::testing::Test {
 protected:
  std::string IdentityWith(const testing::CertificateOptions& options) {
    const std::string file = authority_.Issue("peer", options).certificate;
    const std::unique_ptr<FILE, decltype(&fclose)> pem(fopen(file.c_str(), "r"), &fclose);
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(PEM_read_X509(pem.get(), nullptr, nullptr, nullptr),
                                                                  &X509_free);
    return PeerIdentity(certificate.get());
  }

  testing::TempDir dir_;
  testing::CertificateAuthority authority_{&dir_};
};

TEST_F(PeerIdentityTest, IsTheSpiffeId) {
  EXPECT_EQ(IdentityWith({.dns_names = {"a.test"}, .ip_addresses = {"192.0.2.1"}, .uris = {"spiffe://c/billing"}}),
            "spiffe://c/billing");
}

TEST_F(PeerIdentityTest, IsTheFirstDnsNameWithoutAUri) {
  EXPECT_EQ(IdentityWith({.dns_names = {"a.test", "b.test"}, .ip_addresses = {"192.0.2.1"}}), "a.test");
}

TEST_F(PeerIdentityTest, IsNobodysWhenThereIsNoNameOrMoreThanOneUri) {
  EXPECT_EQ(IdentityWith({.dns_names = {}, .ip_addresses = {}}), "") << "the common name does not count";
  EXPECT_EQ(IdentityWith({.dns_names = {}, .ip_addresses = {"192.0.2.1"}}), "");
  EXPECT_EQ(IdentityWith({.dns_names = {"a.test"}, .ip_addresses = {}, .uris = {"spiffe://c/a", "spiffe://c/b"}}), "");
  EXPECT_EQ(IdentityWith({.dns_names = {}, .ip_addresses = {}, .uris = {"spiffe://c/two words"}}), "");
}

}  // namespace
}  // namespace interaction::tls
