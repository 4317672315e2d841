// An upstream whose certificate does not hold is not spoken to.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "tests/integration/answer_matchers.h"
#include "tests/integration/gateway.h"
#include "tests/integration/vendor_replies.h"
#include "tests/support/certificates.h"
#include "tests/support/raw_upstream.h"
#include "tests/support/temp_dir.h"

namespace interaction::testing {
namespace {

struct Certificate {
  const char* name;
  std::function<KeyPairFiles(const TempDir&, CertificateAuthority&)> make;
};

RawUpstreamOptions Tls(const KeyPairFiles& identity) {
  RawUpstreamOptions options;
  options.tls = TlsOptions{.identity = identity};
  return options;
}

TestGateway::Configure Trusting(const CertificateAuthority& authority) {
  return [&authority](config::Config& config) {
    config.egress.allow_plaintext = false;
    config.egress.ca_file = authority.ca_file();
  };
}

class BadCertificateTest : public ::testing::TestWithParam<Certificate> {};

TEST_P(BadCertificateTest, EndsTheCallBeforeAnythingIsSent) {
  const TempDir dir;
  CertificateAuthority authority(&dir);
  RawUpstream upstream(Always({RespondJson(200, kOk)}), Tls(GetParam().make(dir, authority)));
  const TestGateway gateway(upstream.url(), Trusting(authority));
  EXPECT_THAT(gateway.CreateVsp(),
              IsError(grpc::StatusCode::FAILED_PRECONDITION, "UPSTREAM_TLS_VERIFY_FAILED", "not_applied"));
  EXPECT_EQ(upstream.counts().requests, 0u);
  EXPECT_EQ(upstream.counts().connections, 1u) << "it was tried again";
}

INSTANTIATE_TEST_SUITE_P(
    Certificates, BadCertificateTest,
    ::testing::Values(Certificate{"SelfSigned",
                                  [](const TempDir& dir, CertificateAuthority&) { return SelfSigned(dir, "self"); }},
                      Certificate{"ForAnotherHost",
                                  [](const TempDir&, CertificateAuthority& authority) {
                                    return authority.Issue("other", CertificateFor("elsewhere.test"));
                                  }},
                      Certificate{"Expired",
                                  [](const TempDir&, CertificateAuthority& authority) {
                                    return authority.Issue("expired", ExpiredCertificate());
                                  }},
                      Certificate{"NotYetValid",
                                  [](const TempDir&, CertificateAuthority& authority) {
                                    return authority.Issue("future", NotYetValidCertificate());
                                  }}),
    [](const auto& row) { return row.param.name; });

TEST(TlsTest, AGoodCertificateIsAccepted) {
  const TempDir dir;
  CertificateAuthority authority(&dir);
  RawUpstream upstream(Always({RespondJson(200, kOk)}), Tls(authority.Issue("upstream", ValidCertificate())));
  const TestGateway gateway(upstream.url(), Trusting(authority));
  EXPECT_THAT(gateway.CreateVsp(), Succeeds());
}

TEST(TlsTest, ACertificateOfAnUnknownAuthorityIsRefused) {
  const TempDir dir, other_dir;
  CertificateAuthority authority(&dir), other(&other_dir);
  RawUpstream upstream(Always({RespondJson(200, kOk)}), Tls(other.Issue("upstream")));
  const TestGateway gateway(upstream.url(), Trusting(authority));
  EXPECT_THAT(gateway.CreateVsp(),
              IsError(grpc::StatusCode::FAILED_PRECONDITION, "UPSTREAM_TLS_VERIFY_FAILED", "not_applied"));
}

TEST(TlsTest, AnUpstreamThatSpeaksPlaintextIsATlsFailure) {
  const TempDir dir;
  CertificateAuthority authority(&dir);
  RawUpstreamOptions options;
  options.on_connect = [](int) -> Script { return {AwaitBytes(), Send("HTTP/1.1 400 Bad Request\r\n\r\n"), Close()}; };
  RawUpstream upstream(Always({Close()}), options);
  std::string url = upstream.url();
  url.replace(0, 5, "https:");
  const TestGateway gateway(url, Trusting(authority));
  const VspAnswer answer = gateway.CreateVsp();
  EXPECT_EQ(answer.reason, "UPSTREAM_TLS_FAILED");
  EXPECT_EQ(answer.outcome, "not_applied");
}

TEST(TlsTest, APlaintextBaseUrlIsNotSpokenToUnlessAllowed) {
  RawUpstream upstream(Always({RespondJson(200, kOk)}));
  const TestGateway gateway(upstream.url(), [](config::Config& config) { config.egress.allow_plaintext = false; });
  EXPECT_EQ(gateway.CreateVsp().outcome, "not_applied");
  EXPECT_EQ(upstream.counts().connections, 0u);
}

}  // namespace
}  // namespace interaction::testing
