#include "server/tls/context_files.h"

#include <openssl/err.h>

#include "absl/strings/str_cat.h"

namespace interaction::tls {
namespace {

absl::Status Unusable(absl::string_view what, const std::string& file) {
  ERR_clear_error();
  return absl::InvalidArgumentError(absl::StrCat("cannot use ", what, " ", file));
}

}  // namespace

absl::Status UseAuthorities(SSL_CTX* context, absl::string_view what, const std::string& file) {
  return SSL_CTX_load_verify_file(context, file.c_str()) == 1 ? absl::OkStatus() : Unusable(what, file);
}

absl::Status UseIdentity(SSL_CTX* context, absl::string_view side, const std::string& certificate,
                         const std::string& key) {
  if (certificate.empty() || key.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("a ", side, " certificate and its key go together"));
  }
  if (SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) != 1) {
    return Unusable(absl::StrCat(side, " certificate"), certificate);
  }
  if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return Unusable(absl::StrCat(side, " key"), key);
  }
  if (SSL_CTX_check_private_key(context) != 1) {
    return Unusable(absl::StrCat(side, " key for another certificate"), key);
  }
  return absl::OkStatus();
}

void UseCommonSettings(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
  // A record is read in one call, not in two; buffers are given back when a connection is idle.
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_mode(context,
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
}

}  // namespace interaction::tls
