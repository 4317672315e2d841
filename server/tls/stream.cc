#include "server/tls/stream.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <utility>

#include "absl/strings/strip.h"
#include "server/tls/peer_identity.h"

namespace interaction::tls {
namespace {

bool IsAddress(const std::string& host) {
  in6_addr address;
  return inet_pton(AF_INET, host.c_str(), &address) == 1 || inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

// Whose certificate it has to be, by RFC 9525. Zero: out of memory.
int ExpectHost(SSL* ssl, const std::string& host) {
  X509_VERIFY_PARAM* const expected = SSL_get0_param(ssl);
  if (IsAddress(host)) return X509_VERIFY_PARAM_set1_ip_asc(expected, host.c_str());
  const std::string name(absl::StripSuffix(host, "."));
  X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return X509_VERIFY_PARAM_set1_host(expected, name.c_str(), name.size()) &&
         static_cast<int>(SSL_set_tlsext_host_name(ssl, name.c_str()));
}

std::string Reason(unsigned long error) {
  const char* const text = ERR_reason_error_string(error);
  return text == nullptr ? "" : text;
}

// OpenSSL takes what its thread remembers of an earlier failure for that of the next call. Nearly always there is
// nothing, and clearing that costs as much as encrypting a request.
void ForgetErrors() {
  if (ERR_peek_error() != 0) ERR_clear_error();
}

}  // namespace

std::unique_ptr<Stream> Stream::Connect(const ClientContext& context, int fd, const std::string& host,
                                        SessionCache* sessions) {
  auto wire = std::make_unique<Wire>(fd);
  Ssl ssl = NewSsl(context.get(), wire.get());
  if (ssl == nullptr || ExpectHost(ssl.get(), host) != 1) return nullptr;
  if (const Session session = sessions->Take()) SSL_set_session(ssl.get(), session.get());
  SSL_set_connect_state(ssl.get());
  std::unique_ptr<Stream> stream(new Stream(std::move(wire), std::move(ssl), sessions));
  SSL_set_app_data(stream->ssl_.get(), stream.get());
  return stream;
}

std::unique_ptr<Stream> Stream::Accept(const ServerContext& context, int fd) {
  auto wire = std::make_unique<Wire>(fd);
  Ssl ssl = NewSsl(context.get(), wire.get());
  if (ssl == nullptr) return nullptr;
  SSL_set_accept_state(ssl.get());
  return std::unique_ptr<Stream>(new Stream(std::move(wire), std::move(ssl), nullptr));
}

Stream::Ssl Stream::NewSsl(SSL_CTX* context, Wire* wire) {
  Ssl ssl(SSL_new(context));
  BIO* const bio = ssl == nullptr ? nullptr : wire->NewBio();
  if (bio == nullptr) return nullptr;
  SSL_set_bio(ssl.get(), bio, bio);
  return ssl;
}

Stream::~Stream() {
  if (broken_ || wire_->held() || !SSL_is_init_finished(ssl_.get())) return;
  ForgetErrors();
  SSL_shutdown(ssl_.get());
}

int Stream::OnNewSession(SSL* ssl, SSL_SESSION* session) {
  static_cast<Stream*>(SSL_get_app_data(ssl))->sessions_->Put(Session(session));
  return 1;  // the reference is ours
}

Stream::Result Stream::Handshake() {
  ForgetErrors();
  const int returned = SSL_do_handshake(ssl_.get());
  if (returned == 1) {
    KeepSession();
    return Result::kDone;
  }
  const int error = SSL_get_error(ssl_.get(), returned);
  if (error == SSL_ERROR_WANT_READ) return Result::kWantsRead;
  if (error == SSL_ERROR_WANT_WRITE) return Result::kWantsWrite;
  if (error == SSL_ERROR_SSL) NoteFailure();
  broken_ = true;
  return Result::kFailed;
}

// A server of TLS 1.2 that resumes a session need not send another ticket: then this one goes on to be of use.
void Stream::KeepSession() {
  if (sessions_ == nullptr || SSL_session_reused(ssl_.get()) == 0 || SSL_version(ssl_.get()) >= TLS1_3_VERSION) return;
  sessions_->Put(Session(SSL_get1_session(ssl_.get())));
}

void Stream::NoteFailure() {
  const unsigned long error = ERR_peek_error();
  const long verdict = SSL_get_verify_result(ssl_.get());
  if (verdict != X509_V_OK) {
    failure_ = {HandshakeFailure::Kind::kNotTrusted, X509_verify_cert_error_string(verdict)};
  } else if (ERR_GET_LIB(error) != ERR_LIB_SSL) {
    // OpenSSL's cryptography failed, not its protocol: a signature is wrong.
    failure_ = {HandshakeFailure::Kind::kNotTrusted, Reason(error)};
  } else if (ERR_GET_REASON(error) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
    failure_ = {HandshakeFailure::Kind::kBroken, Reason(error)};
  } else {
    failure_ = {HandshakeFailure::Kind::kRefused, Reason(error)};
  }
}

std::string Stream::peer_identity() const {
  const X509* const certificate = SSL_get0_peer_certificate(ssl_.get());
  return certificate == nullptr ? "" : PeerIdentity(certificate);
}

Stream::Result Stream::Read(char* buffer, size_t size, size_t* count) {
  ForgetErrors();
  return After(SSL_read_ex(ssl_.get(), buffer, size, count));
}

Stream::Result Stream::Write(absl::string_view data, size_t* count) {
  ForgetErrors();
  return After(SSL_write_ex(ssl_.get(), data.data(), data.size(), count));
}

bool Stream::Encrypt(absl::string_view data, std::string* wire) {
  wire_->CollectIn(wire);
  size_t count = 0;
  bool works = true;
  for (; works && !data.empty(); data.remove_prefix(count)) works = Write(data, &count) == Result::kDone;
  wire_->CollectIn(nullptr);
  Hold(true);
  if (!works) Break();
  return works;
}

Stream::Result Stream::LookForInput() {
  char byte;
  size_t count;
  ForgetErrors();
  return After(SSL_peek_ex(ssl_.get(), &byte, 1, &count));
}

Stream::Result Stream::After(int returned) {
  if (returned == 1) return Result::kDone;
  switch (SSL_get_error(ssl_.get(), returned)) {
    case SSL_ERROR_WANT_READ:
      return Result::kWantsRead;
    case SSL_ERROR_WANT_WRITE:
      return Result::kWantsWrite;
    case SSL_ERROR_ZERO_RETURN:
      return Result::kClosed;
    case SSL_ERROR_SSL:
      broken_ = true;
      return ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING ? Result::kClosed : Result::kFailed;
    default:
      broken_ = true;
      return Result::kFailed;
  }
}

}  // namespace interaction::tls
