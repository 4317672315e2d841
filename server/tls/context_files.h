#pragma once

#include <openssl/ssl.h>

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace interaction::tls {

// Put PEM files into a context. INVALID_ARGUMENT names the file that cannot be used, and for what: "cannot use client
// key /etc/key.pem".

absl::Status UseAuthorities(SSL_CTX* context, absl::string_view what, const std::string& file);

// Whether a folder has certificates as X509_LOOKUP_hash_dir(3) finds them: a file or link "0a1b2c3d.0" for each, as
// openssl-rehash(1) and update-ca-certificates(8) make them.
bool HasCertificateLinks(const std::string& folder);

// `side`: "client" or "server". The key belongs to the certificate; the certificate is valid at `now`; each further
// certificate in the file has issued the one before it.
absl::Status UseIdentity(SSL_CTX* context, absl::string_view side, const std::string& certificate,
                         const std::string& key, absl::Time now);

// When the certificate of our own ends; InfiniteFuture() if the context has none.
absl::Time CertificateEnd(SSL_CTX* context);

// Settings of both sides: versions, buffers.
void UseCommonSettings(SSL_CTX* context);

}  // namespace interaction::tls
