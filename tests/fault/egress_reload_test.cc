// What the gateway needs to speak with others is replaced while it serves: whom it trusts, who it is, and the keys of
// tokens that it fetches.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "tests/fault/secure_server.h"
#include "tests/integration/answer_matchers.h"
#include "tests/integration/vendor_replies.h"
#include "tests/support/certificates.h"
#include "tests/support/eventually.h"
#include "tests/support/raw_upstream.h"
#include "tests/support/temp_dir.h"
#include "tests/support/volume.h"

namespace interaction::testing {
namespace {

using grpc::StatusCode;
using ::testing::HasSubstr;

class EgressReloadTest : public ::testing::Test {
 protected:
  static RawUpstreamOptions Tls(const KeyPairFiles& identity) {
    RawUpstreamOptions options;
    options.tls = TlsOptions{.identity = identity};
    return options;
  }
  void Reload(const std::string& name, const std::string& file) {
    egress_.Put(name, Contents(file));
    ASSERT_THAT(server_.Reload(), HasSubstr("configuration reloaded"));
  }
  VspAnswer Call() const { return client_->CreateVsp(server_.Vsp(), WithApiKey(kApiKey)); }

  const TempDir dir_, other_dir_;
  CertificateAuthority authority_{&dir_}, other_{&other_dir_};
  const KeyPairFiles one_ = authority_.Issue("one", CertificateFor("one.test"));
  RawUpstream upstream_{Always({RespondJson(200, kOk)}), Tls(authority_.Issue("upstream"))};
  Volume egress_{std::map<std::string, std::string>{{"ca.pem", Contents(other_.ca_file())},
                                                    {"client.pem", Contents(one_.certificate)},
                                                    {"client.key", Contents(one_.key)}}};
  SecureServer server_{
      upstream_.url(),
      {"server.lanes=1",  // each has connections of its own
       "egress.ca_file=" + egress_.File("ca.pem"), "egress.client_cert_file=" + egress_.File("client.pem"),
       "egress.client_key_file=" + egress_.File("client.key")}};
  const std::unique_ptr<GatewayClient> client_ = server_.Client();
};

TEST_F(EgressReloadTest, AnAuthorityIsTrustedAndThenNoMore) {
  EXPECT_THAT(Call(), IsError(StatusCode::FAILED_PRECONDITION, "UPSTREAM_TLS_VERIFY_FAILED", "not_applied"));
  Reload("ca.pem", authority_.ca_file());
  EXPECT_THAT(Call(), Succeeds());
  EXPECT_THAT(Call(), Succeeds());
  EXPECT_EQ(upstream_.counts().open, 1u);
  Reload("ca.pem", other_.ca_file());
  EXPECT_TRUE(upstream_.WaitForOpenAtMost(0)) << "the connection was made under other rules";
  EXPECT_THAT(Call(), IsError(StatusCode::FAILED_PRECONDITION, "UPSTREAM_TLS_VERIFY_FAILED", "not_applied"));
  EXPECT_EQ(upstream_.counts().requests, 2u);
}

TEST_F(EgressReloadTest, ConnectionsStayWhereNothingHasChangedForThem) {
  Reload("ca.pem", authority_.ca_file());
  EXPECT_THAT(Call(), Succeeds());
  server_.files().Put("app-access-key", "another");
  Reload("ca.pem", authority_.ca_file());  // all files of the volume are new ones
  EXPECT_THAT(Call(), Succeeds());
  EXPECT_EQ(upstream_.counts().connections, 1u);
}

TEST_F(EgressReloadTest, AnUnusableClientCertificateChangesNothing) {
  Reload("ca.pem", authority_.ca_file());
  egress_.Put("client.key", Contents(authority_.Issue("two").key));
  EXPECT_THAT(server_.Reload(), HasSubstr("egress.client_key_file: cannot use client key"));
  EXPECT_THAT(Call(), Succeeds());
  const KeyPairFiles expired = authority_.Issue("expired", ExpiredCertificate());
  egress_.Replace({{"ca.pem", Contents(authority_.ca_file())},
                   {"client.pem", Contents(expired.certificate)},
                   {"client.key", Contents(expired.key)}});
  EXPECT_THAT(server_.Reload(), HasSubstr("it has expired"));
  EXPECT_THAT(Call(), Succeeds());
}

class FetchedKeysTest : public ::testing::Test {
 protected:
  std::vector<std::string> From(const RawUpstream& issuer) const {
    return {"callers.jwks_file=", absl::StrCat("callers.jwks_url=", issuer.url(), "keys"), "callers.jwks_refresh=10s"};
  }
  RawUpstream upstream_{Always({RespondJson(200, kOk)})};
};

TEST_F(FetchedKeysTest, LetCallersInOnceTheyAreThere) {
  RawUpstream issuer(Always({RespondJson(500, "{}")}));
  SecureServer server(upstream_.url(), From(issuer));
  const auto client = server.Client();
  const auto call = [&] { return client->CreateVsp(server.Vsp(), WithToken(server.Token())); };
  EXPECT_THAT(call(), IsError(StatusCode::UNAVAILABLE, "CALLER_KEYS_UNAVAILABLE", "not_applied"));
  EXPECT_THAT(server.process().WaitForLine("keys could not be fetched").value_or(""), HasSubstr("status 500"));
  EXPECT_EQ(upstream_.counts().requests, 0u);
  issuer.OnRequest(Always({RespondJson(200, KeySet({server.signing_key().PublicJson()}))}));
  EXPECT_TRUE(Eventually([&] { return call().status.ok(); }, absl::Seconds(20)));
}

TEST_F(FetchedKeysTest, AreFetchedAgainWhenATokenNamesAnUnknownOneAndStayWhenThatFails) {
  const SigningKey second("two", SigningKey::Kind::kP256);
  RawUpstream issuer(Always({RespondJson(200, KeySet({second.PublicJson()}))}));
  SecureServer server(upstream_.url(), From(issuer));
  const auto client = server.Client();
  const std::string token = second.Sign(TokenClaims{}.Json(absl::Now()));
  const auto call = [&](const std::string& with) { return client->CreateVsp(server.Vsp(), WithToken(with)); };
  EXPECT_TRUE(Eventually([&] { return call(token).status.ok(); }));
  issuer.OnRequest(Always({RespondJson(200, KeySet({second.PublicJson(), server.signing_key().PublicJson()}))}));
  EXPECT_TRUE(Eventually([&] { return call(server.Token()).status.ok(); }, absl::Seconds(20)));
  issuer.OnRequest(Always({RespondJson(200, "no key set")}));
  EXPECT_TRUE(server.process().WaitForLine("keys could not be fetched", absl::Seconds(20)).has_value());
  EXPECT_THAT(call(token), Succeeds());
}

}  // namespace
}  // namespace interaction::testing
