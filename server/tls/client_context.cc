#include "server/tls/client_context.h"

#include <cstdlib>

#include "absl/status/status.h"
#include "server/tls/context_files.h"
#include "server/tls/stream.h"

namespace interaction::tls {
namespace {

// The authorities that the system trusts, from where OpenSSL looks for them. Many systems have them twice: in a folder
// with a link for each, which is read when it is wanted, and in a bundle, which takes 20 ms and megabytes to parse. The
// folder is enough, unless the environment (SSL_CERT_FILE) names a bundle.
void UseSystemAuthorities(SSL_CTX* context) {
  const char* const folder = getenv(X509_get_default_cert_dir_env());
  const bool names_bundle = getenv(X509_get_default_cert_file_env()) != nullptr;
  if (!names_bundle && HasCertificateLinks(folder != nullptr ? folder : X509_get_default_cert_dir())) {
    SSL_CTX_set_default_verify_dir(context);
  } else {
    SSL_CTX_set_default_verify_paths(context);
  }
}

absl::Status UseFiles(SSL_CTX* context, const ClientFiles& files, absl::Time now) {
  if (files.ca.empty()) {
    UseSystemAuthorities(context);
  } else if (absl::Status status = UseAuthorities(context, "CA file", files.ca); !status.ok()) {
    return status;
  }
  if (files.certificate.empty() && files.key.empty()) return absl::OkStatus();
  return UseIdentity(context, "client", files.certificate, files.key, now);
}

}  // namespace

absl::StatusOr<std::shared_ptr<const ClientContext>> ClientContext::Create(const ClientFiles& files, absl::Time now) {
  Context context(SSL_CTX_new(TLS_client_method()));
  if (context == nullptr) return absl::ResourceExhaustedError("out of memory");
  if (absl::Status status = UseFiles(context.get(), files, now); !status.ok()) return status;
  UseCommonSettings(context.get());
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  if (!files.protocol.empty()) {  // as ALPN wants it: each name with its length in front
    const std::string protocols = static_cast<char>(files.protocol.size()) + files.protocol;
    SSL_CTX_set_alpn_protos(context.get(), reinterpret_cast<const unsigned char*>(protocols.data()),
                            static_cast<unsigned>(protocols.size()));
  }
  // Sessions go to the connection's SessionCache, not to OpenSSL's, which would hand out one again and again.
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context.get(), &Stream::OnNewSession);
  return std::shared_ptr<const ClientContext>(new ClientContext(std::move(context)));
}

absl::Time ClientContext::certificate_end() const { return CertificateEnd(get()); }

}  // namespace interaction::tls
