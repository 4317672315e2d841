// TLS between clients and the gateway.

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/config/files.h"
#include "tests/integration/answer_matchers.h"
#include "tests/integration/gateway.h"
#include "tests/support/certificates.h"
#include "tests/support/raw_upstream.h"
#include "tests/support/temp_dir.h"

namespace interaction::testing {
namespace {

using grpc::StatusCode;

constexpr char kCreated[] = R"({"InteractionId":"1"})";

class FrontTlsTest : public ::testing::Test {
 protected:
  // A client that trusts the authority, and connects as to a host of this name.
  std::shared_ptr<grpc::Channel> Connect(const std::string& ca_file, const std::string& host = "localhost") const {
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = *config::ReadFile(ca_file, 1 << 20);
    return Connect(grpc::SslCredentials(options), host);
  }

  std::shared_ptr<grpc::Channel> Connect(const std::shared_ptr<grpc::ChannelCredentials>& credentials,
                                         const std::string& host) const {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetSslTargetNameOverride(host);
    return grpc::CreateCustomChannel(absl::StrCat("127.0.0.1:", gateway_.port()), credentials, arguments);
  }

  TempDir dir_;
  CertificateAuthority authority_{&dir_};
  const KeyPairFiles identity_ = authority_.Issue("gateway");
  RawUpstream upstream_{Always({RespondJson(200, kCreated)})};
  const TestGateway gateway_{upstream_.url(), [this](config::Config& config) {
                               config.server.tls_cert_file = identity_.certificate;
                               config.server.tls_key_file = identity_.key;
                             }};
};

TEST_F(FrontTlsTest, CarriesManyCallsAtOnceOverSeveralConnections) {
  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([this] {
      const GatewayClient client(Connect(authority_.ca_file()));
      for (int call = 0; call < 25; ++call) EXPECT_THAT(client.CreateVsp(TestGateway::ValidVsp()), Succeeds());
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(upstream_.counts().requests, 100u);
}

// More than a TLS record holds, and more than the gateway reads in one go.
TEST_F(FrontTlsTest, CarriesLargeMessages) {
  const GatewayClient client(Connect(authority_.ca_file()));
  v1::CreateVspInteractionRequest request = TestGateway::ValidVsp();
  request.set_interaction_name(std::string(200 << 10, 'x'));
  const VspAnswer answer = client.CreateVsp(request);
  EXPECT_THAT(answer, IsError(StatusCode::INVALID_ARGUMENT, "INVALID_REQUEST", "not_applied")) << "read and judged";
  request.set_interaction_name(std::string(400 << 10, 'x'));
  EXPECT_EQ(client.CreateVsp(request).status.error_code(), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(client.CreateVsp(TestGateway::ValidVsp()), Succeeds());
}

TEST_F(FrontTlsTest, IsNotTrustedByAClientOfAnotherAuthority) {
  TempDir other_dir;
  const CertificateAuthority other(&other_dir);
  const GatewayClient stranger(Connect(other.ca_file()));
  EXPECT_EQ(stranger.CreateVsp(TestGateway::ValidVsp(), WithDeadline(absl::Seconds(2))).status.error_code(),
            StatusCode::UNAVAILABLE);
  const GatewayClient elsewhere(Connect(authority_.ca_file(), "other.test"));
  EXPECT_EQ(elsewhere.CreateVsp(TestGateway::ValidVsp(), WithDeadline(absl::Seconds(2))).status.error_code(),
            StatusCode::UNAVAILABLE);
  EXPECT_EQ(upstream_.counts().requests, 0u);
}

TEST_F(FrontTlsTest, AClientWithoutTlsIsTurnedAwayAndDisturbsNobody) {
  const GatewayClient friendly(Connect(authority_.ca_file()));
  ASSERT_THAT(friendly.CreateVsp(TestGateway::ValidVsp()), Succeeds());
  const GatewayClient plaintext(Connect(grpc::InsecureChannelCredentials(), "localhost"));
  EXPECT_EQ(plaintext.CreateVsp(TestGateway::ValidVsp(), WithDeadline(absl::Seconds(2))).status.error_code(),
            StatusCode::UNAVAILABLE);
  EXPECT_THAT(friendly.CreateVsp(TestGateway::ValidVsp()), Succeeds());
  EXPECT_EQ(upstream_.counts().requests, 2u);
}

TEST_F(FrontTlsTest, TwoHundredConnectionsThatNeverShakeHandsDisturbNobody) {
  std::vector<Fd> silent;
  for (int i = 0; i < 200; ++i) silent.push_back(ConnectLoopback(gateway_.port()));
  const GatewayClient client(Connect(authority_.ca_file()));
  EXPECT_THAT(client.CreateVsp(TestGateway::ValidVsp()), Succeeds());
}

}  // namespace
}  // namespace interaction::testing
