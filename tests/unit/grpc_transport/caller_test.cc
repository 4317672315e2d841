#include "server/grpc_transport/caller.h"

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "interaction/v1/interaction_service.grpc.pb.h"
#include "tests/support/certificates.h"
#include "tests/support/temp_dir.h"

namespace interaction::grpc_transport {
namespace {

namespace v1 = ::interaction::v1;

std::string Contents(const std::string& path) {
  std::ostringstream out;
  out << std::ifstream(path).rdbuf();
  return out.str();
}

// Answers with the name of the caller.
class WhoCalls final : public v1::InteractionService::Service {
 public:
  grpc::Status CreateVspInteraction(grpc::ServerContext* context, const v1::CreateVspInteractionRequest*,
                                    v1::CreateVspInteractionResponse*) override {
    return {grpc::StatusCode::ABORTED, absl::StrCat("<", CallerOf(context->c_call()).identity, ">")};
  }
};

// What a caller with `client` is called by a server with `server`.
std::string NameOf(const std::shared_ptr<grpc::ServerCredentials>& server,
                   const std::shared_ptr<grpc::ChannelCredentials>& client) {
  WhoCalls service;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", server, &port).RegisterService(&service);
  const std::unique_ptr<grpc::Server> running = builder.BuildAndStart();
  const auto stub = v1::InteractionService::NewStub(grpc::CreateChannel(absl::StrCat("127.0.0.1:", port), client));
  grpc::ClientContext context;
  context.set_wait_for_ready(true);
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  v1::CreateVspInteractionResponse response;
  return stub->CreateVspInteraction(&context, {}, &response).error_message();
}

class CallerOfTest : public ::testing::Test {
 protected:
  std::shared_ptr<grpc::ServerCredentials> Server(grpc_ssl_client_certificate_request_type clients) {
    grpc::SslServerCredentialsOptions options(clients);
    options.pem_root_certs = Contents(authority_.ca_file());
    options.pem_key_cert_pairs.push_back({Contents(server_.key), Contents(server_.certificate)});
    return grpc::SslServerCredentials(options);
  }
  std::shared_ptr<grpc::ChannelCredentials> Client(const testing::KeyPairFiles& files) {
    return grpc::SslCredentials({.pem_root_certs = Contents(authority_.ca_file()),
                                 .pem_private_key = Contents(files.key),
                                 .pem_cert_chain = Contents(files.certificate)});
  }

  testing::TempDir dir_;
  testing::CertificateAuthority authority_{&dir_};
  testing::KeyPairFiles server_ = authority_.Issue("server");
};

TEST_F(CallerOfTest, IsEmptyOnAPlainConnection) {
  EXPECT_EQ(NameOf(grpc::InsecureServerCredentials(), grpc::InsecureChannelCredentials()), "<>");
}

TEST_F(CallerOfTest, IsEmptyWithoutACertificate) {
  EXPECT_EQ(NameOf(Server(GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE), Client({})), "<>");
}

// As tls::PeerIdentity() has it.
TEST_F(CallerOfTest, IsTheUriOfAVerifiedCertificateOrElseItsFirstName) {
  const auto name_of = [&](const std::string& name, const testing::CertificateOptions& options) {
    return NameOf(Server(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY),
                  Client(authority_.Issue(name, options)));
  };
  EXPECT_EQ(name_of("dns", {.dns_names = {"billing.example", "b"}, .ip_addresses = {}}), "<billing.example>");
  EXPECT_EQ(name_of("uri", {.dns_names = {"b"}, .ip_addresses = {}, .uris = {"spiffe://c/billing"}}),
            "<spiffe://c/billing>");
  EXPECT_EQ(name_of("uris", {.dns_names = {"b"}, .ip_addresses = {}, .uris = {"spiffe://c/a", "spiffe://c/b"}}), "<>");
}

}  // namespace
}  // namespace interaction::grpc_transport
