#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "server/tls/client_context.h"
#include "server/tls/server_context.h"
#include "server/tls/session_cache.h"
#include "server/tls/wire.h"

namespace interaction::tls {

// Why a handshake failed.
struct HandshakeFailure {
  enum class Kind {
    kBroken,      // the connection ended, or broke
    kRefused,     // one side says no: an alert, another version, no TLS at all
    kNotTrusted,  // the certificate is not one to trust, or its signature is wrong
  };

  Kind kind = Kind::kBroken;
  std::string what;  // OpenSSL's words, which name no host: "certificate has expired"
};

// One TLS connection, at the client's end or the server's, over a connected, non-blocking socket. Never blocks. Not
// thread-safe.
class Stream {
 public:
  enum class Result {
    kDone,
    kWantsRead,   // call again when the socket is readable
    kWantsWrite,  // ... writable
    kClosed,      // the peer has ended the connection, with a close_notify or without
    kFailed,      // the connection is broken, or says what is no TLS
  };

  // `host`: whose certificate is asked for: a name, or an address without brackets. `sessions`: where one to resume is
  // taken from, and new ones are put. `context`, `sessions` and `fd` outlive the stream, which does not close `fd`.
  // nullptr: out of memory.
  static std::unique_ptr<Stream> Connect(const ClientContext& context, int fd, const std::string& host,
                                         SessionCache* sessions);

  // `context` and `fd` outlive the stream, which does not close `fd`. nullptr: out of memory.
  static std::unique_ptr<Stream> Accept(const ServerContext& context, int fd);

  ~Stream();  // tells the peer that this is the end, if the connection still works
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  Result Handshake();
  const HandshakeFailure& failure() const { return failure_; }  // after kFailed of Handshake()

  // kDone with at least one byte.
  Result Read(char* buffer, size_t size, size_t* count);

  // kDone with at least one byte, not always with all of `data`.
  Result Write(absl::string_view data, size_t* count);

  // Write() in two steps: encrypts all of `data`, after `*wire`, for the caller to write to the socket before anything
  // else. False: the connection is of no use any more.
  bool Encrypt(absl::string_view data, std::string* wire);
  // Whether the caller still has some of what was encrypted. A stream that is destroyed meanwhile says no goodbye.
  void Hold(bool held) { wire_->Hold(held); }

  // Read() in two steps: these bytes, which the caller has read from the socket, are what comes next. They stay where
  // they are as long as HasBufferedInput().
  void Feed(absl::string_view wire) { wire_->Feed(wire); }

  // The caller has seen the socket's end, or that it is broken.
  void Break() { broken_ = true; }

  // Whether something to be read has arrived: kDone; otherwise kWantsRead, kClosed or kFailed. Takes note of session
  // tickets that wait.
  Result LookForInput();

  // Whom the peer's verified certificate names (peer_identity.h); "": it has shown none, or it names nobody.
  std::string peer_identity() const;

  // Whether the handshake was a short one, by a session of an earlier connection.
  bool resumed() const { return SSL_session_reused(ssl_.get()) != 0; }

  // Whether bytes were taken from the socket that nobody has read.
  bool HasBufferedInput() const { return wire_->has_fed_bytes() || SSL_has_pending(ssl_.get()) != 0; }

  // The server has sent a session: for SSL_CTX_sess_set_new_cb of the context.
  static int OnNewSession(SSL* ssl, SSL_SESSION* session);

 private:
  struct Free {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };

  using Ssl = std::unique_ptr<SSL, Free>;

  Stream(std::unique_ptr<Wire> wire, Ssl ssl, SessionCache* sessions)
      : wire_(std::move(wire)), ssl_(std::move(ssl)), sessions_(sessions) {}

  static Ssl NewSsl(SSL_CTX* context, Wire* wire);

  Result After(int returned);
  void NoteFailure();
  void KeepSession();

  const std::unique_ptr<Wire> wire_;
  const Ssl ssl_;
  SessionCache* const sessions_;  // null at the server's end
  HandshakeFailure failure_;
  bool broken_ = false;
};

}  // namespace interaction::tls
