#include "server/http/tls_files.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"

namespace interaction::http {
namespace {

struct FreeContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};

absl::Status Unusable(absl::string_view what, const std::string& file) {
  ERR_clear_error();  // the queue is shared with libcurl on this thread
  return absl::InvalidArgumentError(absl::StrCat("cannot use ", what, " ", file));
}

}  // namespace

absl::Status CheckTlsFiles(const EndpointOptions& options) {
  const std::unique_ptr<SSL_CTX, FreeContext> context(SSL_CTX_new(TLS_client_method()));
  if (context == nullptr) return absl::ResourceExhaustedError("out of memory");
  SSL_CTX* const tls = context.get();
  if (!options.ca_file.empty() && SSL_CTX_load_verify_file(tls, options.ca_file.c_str()) != 1) {
    return Unusable("CA file", options.ca_file);
  }
  if (options.client_cert_file.empty() != options.client_key_file.empty()) {
    return absl::InvalidArgumentError("a client certificate and its key go together");
  }
  if (options.client_cert_file.empty()) return absl::OkStatus();
  if (SSL_CTX_use_certificate_chain_file(tls, options.client_cert_file.c_str()) != 1) {
    return Unusable("client certificate", options.client_cert_file);
  }
  if (SSL_CTX_use_PrivateKey_file(tls, options.client_key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    return Unusable("client key", options.client_key_file);
  }
  if (SSL_CTX_check_private_key(tls) != 1)
    return Unusable("client key for another certificate", options.client_key_file);
  return absl::OkStatus();
}

}  // namespace interaction::http
