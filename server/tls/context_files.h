#pragma once

#include <openssl/ssl.h>

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace interaction::tls {

// Put PEM files into a context. INVALID_ARGUMENT names the file that cannot be used, and for what: "cannot use client
// key /etc/key.pem".

absl::Status UseAuthorities(SSL_CTX* context, absl::string_view what, const std::string& file);

// `side`: "client" or "server". The key belongs to the certificate.
absl::Status UseIdentity(SSL_CTX* context, absl::string_view side, const std::string& certificate,
                         const std::string& key);

// Settings of both sides: versions, buffers.
void UseCommonSettings(SSL_CTX* context);

}  // namespace interaction::tls
