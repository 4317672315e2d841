#include "server/tls/client_context.h"

#include <openssl/err.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "server/tls/stream.h"

namespace interaction::tls {
namespace {

// The only protocol that is offered, as ALPN wants it: each name with its length in front.
constexpr unsigned char kHttp11[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

absl::Status Unusable(absl::string_view what, const std::string& file) {
  ERR_clear_error();
  return absl::InvalidArgumentError(absl::StrCat("cannot use ", what, " ", file));
}

absl::Status LoadAuthorities(SSL_CTX* context, const std::string& file) {
  if (file.empty()) {
    // With a folder of certificates, as Debian has it, each is read when it is wanted.
    SSL_CTX_set_default_verify_paths(context);
  } else if (SSL_CTX_load_verify_file(context, file.c_str()) != 1) {
    return Unusable("CA file", file);
  }
  return absl::OkStatus();
}

absl::Status LoadIdentity(SSL_CTX* context, const ClientFiles& files) {
  if (files.certificate.empty() != files.key.empty()) {
    return absl::InvalidArgumentError("a client certificate and its key go together");
  }
  if (files.certificate.empty()) return absl::OkStatus();
  if (SSL_CTX_use_certificate_chain_file(context, files.certificate.c_str()) != 1) {
    return Unusable("client certificate", files.certificate);
  }
  if (SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return Unusable("client key", files.key);
  }
  if (SSL_CTX_check_private_key(context) != 1) return Unusable("client key for another certificate", files.key);
  return absl::OkStatus();
}

void Configure(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_alpn_protos(context, kHttp11, sizeof kHttp11);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
  // A record is read in one call, not in two; buffers are given back when a connection is idle.
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  // Sessions go to the connection's SessionCache, not to OpenSSL's, which would hand out one again and again.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, &Stream::OnNewSession);
}

}  // namespace

absl::StatusOr<std::shared_ptr<const ClientContext>> ClientContext::Create(const ClientFiles& files) {
  Context context(SSL_CTX_new(TLS_client_method()));
  if (context == nullptr) return absl::ResourceExhaustedError("out of memory");
  if (absl::Status status = LoadAuthorities(context.get(), files.ca); !status.ok()) return status;
  if (absl::Status status = LoadIdentity(context.get(), files); !status.ok()) return status;
  Configure(context.get());
  return std::shared_ptr<const ClientContext>(new ClientContext(std::move(context)));
}

}  // namespace interaction::tls
