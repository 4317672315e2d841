#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace interaction::tls {

struct ClientFiles {
  std::string ca;                     // PEM bundle; "": the authorities that the system trusts
  std::string certificate;            // PEM chain of our own, with `key`; "": none
  std::string key;                    // PEM
  std::string protocol = "http/1.1";  // that is offered (ALPN); "": none
};

// What the TLS connections to a server have in common: whom they trust, who they are, TLS 1.2 or later, the protocol
// (ALPN). Immutable; any thread, and many at once, may open connections with it.
class ClientContext {
 public:
  // Reads and parses the files, which takes some 20 ms for a bundle of all public authorities; so not on a lane.
  // INVALID_ARGUMENT names the file that cannot be used, and says why where that is known: "cannot use client key
  // /etc/key.pem: it belongs to another certificate". A certificate has to be valid at `now`.
  static absl::StatusOr<std::shared_ptr<const ClientContext>> Create(const ClientFiles& files, absl::Time now);

  // For OpenSSL, which counts references in it.
  SSL_CTX* get() const { return context_.get(); }

  // When the certificate of our own ends; InfiniteFuture() without one.
  absl::Time certificate_end() const;

 private:
  struct Free {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };
  using Context = std::unique_ptr<SSL_CTX, Free>;

  explicit ClientContext(Context context) : context_(std::move(context)) {}

  const Context context_;
};

}  // namespace interaction::tls
