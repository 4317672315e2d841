#include "server/tls/server_context.h"

#include <openssl/ssl.h>
#include <sys/socket.h>

#include <array>
#include <memory>
#include <string>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/config/files.h"
#include "server/tls/client_context.h"
#include "server/tls/socket.h"
#include "tests/support/certificates.h"
#include "tests/support/matchers.h"
#include "tests/support/require.h"
#include "tests/support/sockets.h"
#include "tests/support/temp_dir.h"

namespace interaction::tls {
namespace {

using interaction::testing::CertificateAuthority;
using interaction::testing::Fd;
using interaction::testing::KeyPairFiles;
using interaction::testing::StatusIs;
using interaction::testing::TempDir;
using ::testing::HasSubstr;
using Result = Socket::Result;

struct FreeSsl {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};

// A client by OpenSSL itself, and our socket, at the two ends of a socket pair; they take turns on one thread.
class Pair {
 public:
  Pair(const ServerContext& server, const std::string& ca_file)
      : context_(SSL_CTX_new(TLS_client_method())), ends_(MakePair()), server_(ends_[0].get()) {
    SSL_CTX_load_verify_file(context_.get(), ca_file.c_str());
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    interaction::testing::Require(server_.Accept(server), "Socket::Accept");
  }

  // Before ShakeHands().
  SSL_CTX* client_context() { return context_.get(); }

  // Returns what the server's end came to.
  Result ShakeHands(SSL_SESSION* session = nullptr) {
    client_.reset(SSL_new(context_.get()));
    SSL_set_fd(client_.get(), ends_[1].get());
    if (session != nullptr) SSL_set_session(client_.get(), session);
    SSL_set_connect_state(client_.get());
    Result result = Result::kWantsRead;
    for (int i = 0; i < 10 && result == Result::kWantsRead; ++i) {
      client_done_ = SSL_do_handshake(client_.get()) == 1;
      result = server_.Handshake();
    }
    client_done_ = SSL_do_handshake(client_.get()) == 1;
    return result;
  }

  bool client_done() const { return client_done_; }
  SSL* client() { return client_.get(); }
  Socket& server() { return server_; }

  std::string ChosenProtocol() const {
    const unsigned char* name = nullptr;
    unsigned int size = 0;
    SSL_get0_alpn_selected(client_.get(), &name, &size);
    return std::string(reinterpret_cast<const char*>(name), size);
  }

 private:
  static std::array<Fd, 2> MakePair() {
    int fds[2];
    interaction::testing::Require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0,
                                  "socketpair");
    return {Fd(fds[0]), Fd(fds[1])};
  }

  const std::unique_ptr<SSL_CTX, FreeSsl> context_;
  const std::array<Fd, 2> ends_;
  std::unique_ptr<SSL, FreeSsl> client_;
  Socket server_;
  bool client_done_ = false;
};

class ServerContextTest : public ::testing::Test {
 protected:
  ServerFiles Files() const { return {.certificate = identity_.certificate, .key = identity_.key}; }
  ServerFiles WithClientCa() const {
    return {.certificate = identity_.certificate, .key = identity_.key, .client_ca = authority_.ca_file()};
  }

  TempDir dir_;
  CertificateAuthority authority_{&dir_};
  const KeyPairFiles identity_ = authority_.Issue("server");
};

auto IsUnusable(const std::string& text) { return StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(text)); }

TEST_F(ServerContextTest, NamesTheFileThatCannotBeUsed) {
  const std::string garbage = dir_.Write("garbage", "no PEM");
  const KeyPairFiles other = authority_.Issue("other");
  EXPECT_THAT(ServerContext::Create({.certificate = garbage, .key = identity_.key}, absl::Now()),
              IsUnusable("server certificate " + garbage));
  EXPECT_THAT(ServerContext::Create({.certificate = identity_.certificate, .key = garbage}, absl::Now()),
              IsUnusable("server key " + garbage));
  EXPECT_THAT(ServerContext::Create({.certificate = identity_.certificate, .key = other.key}, absl::Now()),
              IsUnusable("server key " + other.key));
  EXPECT_THAT(ServerContext::Create({.certificate = identity_.certificate}, absl::Now()), IsUnusable("go together"));
  EXPECT_THAT(ServerContext::Create({.certificate = identity_.certificate, .key = identity_.key, .client_ca = garbage},
                                    absl::Now()),
              IsUnusable("CA file of clients " + garbage));
}

TEST_F(ServerContextTest, SaysWhyACertificateIsOfNoUse) {
  const auto create = [](const KeyPairFiles& files) {
    return ServerContext::Create({.certificate = files.certificate, .key = files.key}, absl::Now());
  };
  EXPECT_THAT(create(authority_.Issue("expired", interaction::testing::ExpiredCertificate())),
              IsUnusable("it has expired at 20"));
  EXPECT_THAT(create(authority_.Issue("future", interaction::testing::NotYetValidCertificate())),
              IsUnusable("it is valid from 20"));
}

TEST_F(ServerContextTest, TakesAChainInItsOrderOnly) {
  const auto with = [&](const std::string& name, const std::string& second) {
    const std::string chain = dir_.Write(
        name, absl::StrCat(*config::ReadFile(identity_.certificate, 1 << 20), *config::ReadFile(second, 1 << 20)));
    return ServerContext::Create({.certificate = chain, .key = identity_.key}, absl::Now());
  };
  EXPECT_THAT(with("good", authority_.ca_file()), interaction::testing::IsOk());
  EXPECT_THAT(with("bad", authority_.Issue("other").certificate),
              IsUnusable("certificate 2 in the file did not issue certificate 1"));
}

TEST_F(ServerContextTest, ShakesHandsAndCarriesBytes) {
  const auto context = *ServerContext::Create(Files(), absl::Now());
  Pair pair(*context, authority_.ca_file());
  ASSERT_EQ(pair.ShakeHands(), Result::kDone);
  EXPECT_TRUE(pair.client_done());
  ASSERT_EQ(SSL_write(pair.client(), "hello", 5), 5);
  char buffer[16];
  size_t count = 0;
  bool drained = false;
  ASSERT_EQ(pair.server().Read(buffer, sizeof buffer, &count, &drained), Result::kDone);
  EXPECT_EQ(std::string(buffer, count), "hello");
  ASSERT_EQ(pair.server().Write("welcome", &count), Result::kDone);
  ASSERT_EQ(SSL_read(pair.client(), buffer, sizeof buffer), 7);
}

TEST_F(ServerContextTest, ChoosesH2AmongTheProtocolsOffered) {
  const auto context = *ServerContext::Create(Files(), absl::Now());
  Pair pair(*context, authority_.ca_file());
  SSL_CTX_set_alpn_protos(pair.client_context(), reinterpret_cast<const unsigned char*>("\x08http/1.1\x02h2"), 12);
  ASSERT_EQ(pair.ShakeHands(), Result::kDone);
  EXPECT_EQ(pair.ChosenProtocol(), "h2");
}

TEST_F(ServerContextTest, RefusesAClientThatOffersOtherProtocolsOnly) {
  const auto context = *ServerContext::Create(Files(), absl::Now());
  Pair pair(*context, authority_.ca_file());
  SSL_CTX_set_alpn_protos(pair.client_context(), reinterpret_cast<const unsigned char*>("\x08http/1.1"), 9);
  EXPECT_EQ(pair.ShakeHands(), Result::kFailed);
  EXPECT_EQ(pair.server().handshake_failure().kind, HandshakeFailure::Kind::kRefused);
}

TEST_F(ServerContextTest, RefusesOldVersions) {
  const auto context = *ServerContext::Create(Files(), absl::Now());
  Pair pair(*context, authority_.ca_file());
  SSL_CTX_set_min_proto_version(pair.client_context(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(pair.client_context(), TLS1_1_VERSION);
  EXPECT_EQ(pair.ShakeHands(), Result::kFailed);
}

TEST_F(ServerContextTest, SaysThatAClientSpeaksNoTls) {
  const auto context = *ServerContext::Create(Files(), absl::Now());
  int fds[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
  const Fd ours(fds[0]), theirs(fds[1]);
  Socket socket(ours.get());
  ASSERT_TRUE(socket.Accept(*context));
  ASSERT_EQ(send(theirs.get(), "GET / HTTP/1.1\r\n", 16, 0), 16);
  EXPECT_EQ(socket.Handshake(), Result::kFailed);
  EXPECT_EQ(socket.handshake_failure().kind, HandshakeFailure::Kind::kRefused);
  EXPECT_EQ(socket.handshake_failure().what, "http request");
}

TEST_F(ServerContextTest, ResumesASession) {
  const auto context = *ServerContext::Create(Files(), absl::Now());
  Pair first(*context, authority_.ca_file());
  ASSERT_EQ(first.ShakeHands(), Result::kDone);
  char byte;
  EXPECT_EQ(SSL_peek(first.client(), &byte, 1), -1) << "takes the ticket";
  SSL_SESSION* const session = SSL_get1_session(first.client());
  Pair second(*context, authority_.ca_file());
  EXPECT_EQ(second.ShakeHands(session), Result::kDone);
  EXPECT_TRUE(SSL_session_reused(second.client()));
  SSL_SESSION_free(session);
}

TEST_F(ServerContextTest, WantsACertificateOfTheAuthorityOfClients) {
  const auto context = *ServerContext::Create(WithClientCa(), absl::Now());
  const KeyPairFiles client = authority_.Issue("client");
  Pair known(*context, authority_.ca_file());
  SSL_CTX_use_certificate_chain_file(known.client_context(), client.certificate.c_str());
  SSL_CTX_use_PrivateKey_file(known.client_context(), client.key.c_str(), SSL_FILETYPE_PEM);
  EXPECT_EQ(known.ShakeHands(), Result::kDone);

  Pair unknown(*context, authority_.ca_file());
  const KeyPairFiles self = interaction::testing::SelfSigned(dir_, "self");
  SSL_CTX_use_certificate_chain_file(unknown.client_context(), self.certificate.c_str());
  SSL_CTX_use_PrivateKey_file(unknown.client_context(), self.key.c_str(), SSL_FILETYPE_PEM);
  EXPECT_EQ(unknown.ShakeHands(), Result::kFailed);
  EXPECT_EQ(unknown.server().handshake_failure().kind, HandshakeFailure::Kind::kNotTrusted);

  Pair without(*context, authority_.ca_file());
  EXPECT_EQ(without.ShakeHands(), Result::kFailed);
  EXPECT_EQ(without.server().handshake_failure().kind, HandshakeFailure::Kind::kRefused);
}

TEST_F(ServerContextTest, KnowsWhomACertificateNames) {
  const auto context = *ServerContext::Create(WithClientCa(), absl::Now());
  const KeyPairFiles client =
      authority_.Issue("client", {.dns_names = {}, .ip_addresses = {}, .uris = {"spiffe://c/billing"}});
  Pair pair(*context, authority_.ca_file());
  SSL_CTX_use_certificate_chain_file(pair.client_context(), client.certificate.c_str());
  SSL_CTX_use_PrivateKey_file(pair.client_context(), client.key.c_str(), SSL_FILETYPE_PEM);
  ASSERT_EQ(pair.ShakeHands(), Result::kDone);
  EXPECT_EQ(pair.server().stream().peer_identity(), "spiffe://c/billing");
}

TEST_F(ServerContextTest, CanDoWithoutACertificateOfTheClient) {
  ServerFiles files = WithClientCa();
  files.client_certificate_required = false;
  const auto context = *ServerContext::Create(files, absl::Now());
  Pair without(*context, authority_.ca_file());
  ASSERT_EQ(without.ShakeHands(), Result::kDone);
  EXPECT_EQ(without.server().stream().peer_identity(), "");
  Pair unknown(*context, authority_.ca_file());
  const KeyPairFiles self = interaction::testing::SelfSigned(dir_, "self");
  SSL_CTX_use_certificate_chain_file(unknown.client_context(), self.certificate.c_str());
  SSL_CTX_use_PrivateKey_file(unknown.client_context(), self.key.c_str(), SSL_FILETYPE_PEM);
  EXPECT_EQ(unknown.ShakeHands(), Result::kFailed) << "one that is shown has to hold";
}

}  // namespace
}  // namespace interaction::tls
