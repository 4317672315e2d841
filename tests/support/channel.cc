#include "tests/support/channel.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include "tests/support/require.h"

namespace interaction::testing {
namespace {

Io FromErrno() { return errno == EAGAIN || errno == EINTR ? Io::kAgain : Io::kError; }

class Plain final : public Channel {
 public:
  using Channel::Channel;

  Io Read(std::string* in) override {
    char buffer[16384];
    const ssize_t size = recv(fd(), buffer, sizeof(buffer), 0);
    if (size < 0) return FromErrno();
    if (size == 0) return Io::kEnd;
    in->append(buffer, static_cast<size_t>(size));
    return Io::kDone;
  }

  Io Write(absl::string_view bytes, size_t* written) override {
    const ssize_t size = send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (size < 0) return FromErrno();
    *written = static_cast<size_t>(size);
    return Io::kDone;
  }
};

class Tls final : public Channel {
 public:
  Tls(Fd socket, SSL* ssl) : Channel(std::move(socket)), ssl_(ssl) {
    SSL_set_fd(ssl_, fd());
    SSL_set_accept_state(ssl_);
  }
  ~Tls() override { SSL_free(ssl_); }

  // The first reads do the handshake.
  Io Read(std::string* in) override {
    char buffer[16384];
    size_t size = 0;
    ERR_clear_error();
    if (const int result = SSL_read_ex(ssl_, buffer, sizeof(buffer), &size); result <= 0) return FromSsl(result);
    in->append(buffer, size);
    return Io::kDone;
  }

  Io Write(absl::string_view bytes, size_t* written) override {
    ERR_clear_error();
    const int result = SSL_write_ex(ssl_, bytes.data(), bytes.size(), written);
    return result > 0 ? Io::kDone : FromSsl(result);
  }

  void End() override {
    ERR_clear_error();
    SSL_shutdown(ssl_);
    Cut();
  }

 private:
  Io FromSsl(int result) const {
    switch (SSL_get_error(ssl_, result)) {
      case SSL_ERROR_WANT_READ:
      case SSL_ERROR_WANT_WRITE:
        return Io::kAgain;
      case SSL_ERROR_ZERO_RETURN:
        return Io::kEnd;
      default:
        return Io::kError;
    }
  }

  SSL* ssl_;
};

}  // namespace

void Channel::Cut() { shutdown(fd(), SHUT_WR); }

void Channel::Reset() {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  setsockopt(fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  socket_.Reset();
}

std::unique_ptr<Channel> PlainChannel(Fd socket) { return std::make_unique<Plain>(std::move(socket)); }

TlsServer::TlsServer(const TlsOptions& options) : context_(SSL_CTX_new(TLS_server_method())) {
  Require(SSL_CTX_use_certificate_chain_file(context_, options.identity.certificate.c_str()) == 1 &&
              SSL_CTX_use_PrivateKey_file(context_, options.identity.key.c_str(), SSL_FILETYPE_PEM) == 1,
          "load the server's certificate");
  SSL_CTX_set_mode(context_, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (options.at_most_tls_1_2) SSL_CTX_set_max_proto_version(context_, TLS1_2_VERSION);
  if (options.only_tls_1_0) {
    SSL_CTX_set_min_proto_version(context_, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context_, TLS1_VERSION);
    SSL_CTX_set_security_level(context_, 0);
  }
  if (!options.client_ca_file.empty()) {
    SSL_CTX_set_verify(context_, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    Require(SSL_CTX_load_verify_file(context_, options.client_ca_file.c_str()) == 1, "load the clients' authority");
  }
}

TlsServer::~TlsServer() { SSL_CTX_free(context_); }

std::unique_ptr<Channel> TlsServer::Accept(Fd socket) const {
  return std::make_unique<Tls>(std::move(socket), SSL_new(context_));
}

}  // namespace interaction::testing
