#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/certificates.h"
#include "tests/support/raw_upstream.h"
#include "tests/support/temp_dir.h"

namespace interaction::testing {
namespace {

using ::testing::HasSubstr;

// A blocking TLS client. SIGPIPE is no concern: it writes to servers that are there.
class TlsClient {
 public:
  TlsClient(uint16_t port, const std::string& ca_file, const char* host, int max_version = 0)
      : socket_(ConnectLoopback(port)),
        context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free),
        ssl_(nullptr, SSL_free) {
    SSL_CTX_load_verify_file(context_.get(), ca_file.c_str());
    SSL_CTX_set_max_proto_version(context_.get(), max_version);
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_fd(ssl_.get(), socket_.get());
    SSL_set1_host(ssl_.get(), host);
    SSL_set_verify(ssl_.get(), SSL_VERIFY_PEER, nullptr);
    connected_ = SSL_connect(ssl_.get()) == 1;
  }

  bool connected() const { return connected_; }
  long verify_result() const { return SSL_get_verify_result(ssl_.get()); }

  std::string Exchange(const std::string& request) {
    SSL_write(ssl_.get(), request.data(), static_cast<int>(request.size()));
    std::string text;
    char buffer[4096];
    int got;
    while ((got = SSL_read(ssl_.get(), buffer, sizeof(buffer))) > 0) text.append(buffer, static_cast<size_t>(got));
    ended_in_order_ = SSL_get_error(ssl_.get(), got) == SSL_ERROR_ZERO_RETURN;
    return text;
  }
  bool ended_in_order() const { return ended_in_order_; }  // with close_notify

 private:
  Fd socket_;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_;
  bool connected_ = false;
  bool ended_in_order_ = false;
};

constexpr char kRequest[] = "POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\nx";

struct CertificateCase {
  const char* name;
  CertificateOptions options;
  bool self_signed;
  long verdict;  // of a client that trusts the authority and looks for localhost
};

class CertificateTest : public ::testing::TestWithParam<CertificateCase> {};

TEST_P(CertificateTest, GetsTheVerdictItIsMadeFor) {
  const TempDir dir;
  CertificateAuthority authority(&dir);
  const CertificateCase& c = GetParam();
  const KeyPairFiles identity =
      c.self_signed ? SelfSigned(dir, "server", c.options) : authority.Issue("server", c.options);
  RawUpstream upstream(Always({Send("hello"), Close()}), {.tls = TlsOptions{.identity = identity}});
  TlsClient client(upstream.port(), authority.ca_file(), "localhost");
  EXPECT_EQ(client.connected(), c.verdict == X509_V_OK);
  EXPECT_STREQ(X509_verify_cert_error_string(client.verify_result()), X509_verify_cert_error_string(c.verdict));
}

INSTANTIATE_TEST_SUITE_P(
    Certificates, CertificateTest,
    ::testing::Values(CertificateCase{"Valid", ValidCertificate(), false, X509_V_OK},
                      CertificateCase{"SelfSigned", ValidCertificate(), true, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT},
                      CertificateCase{"WrongHost", CertificateFor("other.test"), false, X509_V_ERR_HOSTNAME_MISMATCH},
                      CertificateCase{"Expired", ExpiredCertificate(), false, X509_V_ERR_CERT_HAS_EXPIRED},
                      CertificateCase{"NotYetValid", NotYetValidCertificate(), false, X509_V_ERR_CERT_NOT_YET_VALID}),
    [](const auto& row) { return row.param.name; });

class TlsUpstreamTest : public ::testing::Test {
 protected:
  TempDir dir_;
  CertificateAuthority authority_{&dir_};
  KeyPairFiles identity_ = authority_.Issue("server");
};

TEST_F(TlsUpstreamTest, AnswersAndEndsInOrder) {
  RawUpstream upstream(Always({Send("hello"), Close()}), {.tls = TlsOptions{.identity = identity_}});
  TlsClient client(upstream.port(), authority_.ca_file(), "localhost");
  EXPECT_EQ(client.Exchange(kRequest), "hello");
  EXPECT_TRUE(client.ended_in_order());
  EXPECT_EQ(upstream.counts().requests, 1u);
  EXPECT_THAT(upstream.UrlFor("localhost"), HasSubstr("https://localhost:"));
}

TEST_F(TlsUpstreamTest, CutEndsWithoutCloseNotify) {
  RawUpstream upstream(Always({Send("hel"), Cut()}), {.tls = TlsOptions{.identity = identity_}});
  TlsClient client(upstream.port(), authority_.ca_file(), "localhost");
  EXPECT_EQ(client.Exchange(kRequest), "hel");
  EXPECT_FALSE(client.ended_in_order());
}

TEST_F(TlsUpstreamTest, CanSpeakNothingButAnAncientVersion) {
  RawUpstream upstream(Always({}), {.tls = TlsOptions{.identity = identity_, .only_tls_1_0 = true}});
  EXPECT_FALSE(TlsClient(upstream.port(), authority_.ca_file(), "localhost").connected());
}

TEST_F(TlsUpstreamTest, CanDemandAClientCertificate) {
  RawUpstream upstream(Always({}), {.tls = TlsOptions{.identity = identity_, .client_ca_file = authority_.ca_file()}});
  EXPECT_FALSE(TlsClient(upstream.port(), authority_.ca_file(), "localhost", TLS1_2_VERSION).connected());
  // In TLS 1.3 the client learns only later that its certificate was missed.
  TlsClient modern(upstream.port(), authority_.ca_file(), "localhost");
  EXPECT_TRUE(modern.connected());
  EXPECT_EQ(modern.Exchange(kRequest), "");
  EXPECT_FALSE(modern.ended_in_order());
  EXPECT_EQ(upstream.counts().requests, 0u);
}

}  // namespace
}  // namespace interaction::testing
