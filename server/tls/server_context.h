#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace interaction::tls {

struct ServerFiles {
  std::string certificate;  // PEM chain, the server's own first
  std::string key;          // PEM
  std::string client_ca;    // PEM bundle: clients are asked for a certificate of these authorities; "": they are not
  bool client_certificate_required = true;  // with client_ca: clients without one are turned away
};

// What the TLS connections of clients to a port have in common: who we are, whom we let in, TLS 1.2 or later, the
// protocol h2 (ALPN). Immutable; any thread, and many at once, may accept connections with it.
class ServerContext {
 public:
  // Reads and parses the files. INVALID_ARGUMENT names the file that cannot be used, and says why where that is known:
  // "cannot use server key /etc/key.pem: it belongs to another certificate". The certificate has to be valid at `now`.
  static absl::StatusOr<std::shared_ptr<const ServerContext>> Create(const ServerFiles& files, absl::Time now);

  // For OpenSSL, which counts references in it.
  SSL_CTX* get() const { return context_.get(); }

  // When the certificate of our own ends; InfiniteFuture() without one.
  absl::Time certificate_end() const;

 private:
  struct Free {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };
  using Context = std::unique_ptr<SSL_CTX, Free>;

  explicit ServerContext(Context context) : context_(std::move(context)) {}

  const Context context_;
};

// Whether a PEM bundle of authorities can be used.
absl::Status CheckAuthorities(const std::string& file);

}  // namespace interaction::tls
