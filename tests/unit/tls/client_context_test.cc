#include "server/tls/client_context.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
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

TEST_F(ClientContextTest, NeedsNoFile) { EXPECT_THAT(ClientContext::Create({}), IsOk()); }

TEST_F(ClientContextTest, TakesAnAuthorityAndAnIdentity) {
  EXPECT_THAT(
      ClientContext::Create({.ca = authority_.ca_file(), .certificate = identity_.certificate, .key = identity_.key}),
      IsOk());
}

TEST_F(ClientContextTest, NamesTheFileThatCannotBeUsed) {
  EXPECT_THAT(ClientContext::Create({.ca = garbage_}), IsInvalid("CA file " + garbage_));
  EXPECT_THAT(ClientContext::Create({.ca = dir_.path() + "/none"}), IsInvalid("/none"));
  EXPECT_THAT(ClientContext::Create({.certificate = garbage_, .key = identity_.key}),
              IsInvalid("client certificate " + garbage_));
  EXPECT_THAT(ClientContext::Create({.certificate = identity_.certificate, .key = garbage_}),
              IsInvalid("client key " + garbage_));
  const KeyPairFiles other = authority_.Issue("other");
  EXPECT_THAT(ClientContext::Create({.certificate = identity_.certificate, .key = other.key}),
              IsInvalid("client key " + other.key));
}

TEST_F(ClientContextTest, WantsTheCertificateAndItsKeyTogether) {
  EXPECT_THAT(ClientContext::Create({.certificate = identity_.certificate}), IsInvalid("go together"));
  EXPECT_THAT(ClientContext::Create({.key = identity_.key}), IsInvalid("go together"));
}

}  // namespace
}  // namespace interaction::tls
