#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"

namespace interaction::tls {

struct ServerFiles {
  std::string certificate;  // PEM chain, the server's own first
  std::string key;          // PEM
  std::string client_ca;  // PEM bundle: clients have to show a certificate of these authorities; "": none is asked for
};

// What the TLS connections of clients to a port have in common: who we are, whom we let in, TLS 1.2 or later, the
// protocol h2 (ALPN). Immutable; any thread, and many at once, may accept connections with it.
class ServerContext {
 public:
  // Reads and parses the files. INVALID_ARGUMENT names the file that cannot be used: "cannot use server key
  // /etc/key.pem".
  static absl::StatusOr<std::shared_ptr<const ServerContext>> Create(const ServerFiles& files);

  // For OpenSSL, which counts references in it.
  SSL_CTX* get() const { return context_.get(); }

 private:
  struct Free {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };
  using Context = std::unique_ptr<SSL_CTX, Free>;

  explicit ServerContext(Context context) : context_(std::move(context)) {}

  const Context context_;
};

}  // namespace interaction::tls
