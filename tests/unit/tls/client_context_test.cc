#include "server/tls/client_context.h"

#include <openssl/ssl.h>

#include <string>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/tls/context_files.h"
#include "tests/support/certificates.h"
#include "tests/support/matchers.h"
#include "tests/support/temp_dir.h"

namespace interaction::tls {
namespace {

using ::interaction::testing::CertificateAuthority;
using ::interaction::testing::IsOk;
using ::interaction::testing::KeyPairFiles;
using ::interaction::testing::StatusIs;
using ::interaction::testing::TempDir;
using ::testing::HasSubstr;

class ClientContextTest : public ::testing::Test {
 protected:
  TempDir dir_;
  CertificateAuthority authority_{&dir_};
  const KeyPairFiles identity_ = authority_.Issue("client");
  const std::string garbage_ = dir_.Write("garbage", "no PEM");
};

auto IsInvalid(const std::string& text) { return StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(text)); }

TEST_F(ClientContextTest, NeedsNoFile) { EXPECT_THAT(ClientContext::Create({}, absl::Now()), IsOk()); }

TEST_F(ClientContextTest, BeginsWithASuiteWhoseHashIsSha256) {
  const auto context = ClientContext::Create({}, absl::Now());
  ASSERT_THAT(context, IsOk());
  const SSL_CIPHER* const first = sk_SSL_CIPHER_value(SSL_CTX_get_ciphers((*context)->get()), 0);
  EXPECT_STREQ(SSL_CIPHER_get_name(first), "TLS_AES_128_GCM_SHA256");
}

TEST_F(ClientContextTest, AFolderHasCertificateLinksIfOneIsNamedByItsHash) {
  EXPECT_FALSE(HasCertificateLinks(dir_.path() + "/none"));
  for (const char* name : {"ca-certificates.crt", "0a1b2c3.0", "0a1b2c3g.0", "0a1b2c3d.pem"}) dir_.Write(name, "");
  EXPECT_FALSE(HasCertificateLinks(dir_.path()));
  dir_.Write("0a1b2c3d.0", "");
  EXPECT_TRUE(HasCertificateLinks(dir_.path()));
}

TEST_F(ClientContextTest, TakesAnAuthorityAndAnIdentity) {
  EXPECT_THAT(
      ClientContext::Create({.ca = authority_.ca_file(), .certificate = identity_.certificate, .key = identity_.key},
                            absl::Now()),
      IsOk());
}

TEST_F(ClientContextTest, NamesTheFileThatCannotBeUsed) {
  EXPECT_THAT(ClientContext::Create({.ca = garbage_}, absl::Now()), IsInvalid("CA file " + garbage_));
  EXPECT_THAT(ClientContext::Create({.ca = dir_.path() + "/none"}, absl::Now()), IsInvalid("/none"));
  EXPECT_THAT(ClientContext::Create({.certificate = garbage_, .key = identity_.key}, absl::Now()),
              IsInvalid("client certificate " + garbage_));
  EXPECT_THAT(ClientContext::Create({.certificate = identity_.certificate, .key = garbage_}, absl::Now()),
              IsInvalid("client key " + garbage_));
  const KeyPairFiles other = authority_.Issue("other");
  EXPECT_THAT(ClientContext::Create({.certificate = identity_.certificate, .key = other.key}, absl::Now()),
              IsInvalid("client key " + other.key));
}

TEST_F(ClientContextTest, WantsTheCertificateAndItsKeyTogether) {
  EXPECT_THAT(ClientContext::Create({.certificate = identity_.certificate}, absl::Now()), IsInvalid("go together"));
  EXPECT_THAT(ClientContext::Create({.key = identity_.key}, absl::Now()), IsInvalid("go together"));
}

}  // namespace
}  // namespace interaction::tls
