#include "server/tls/server_context.h"

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "server/tls/context_files.h"

namespace interaction::tls {
namespace {

// Chooses h2 among what the client offers, each name with its length in front. A client that offers something else only
// is refused: what it would say is not meant for us (RFC 7301, section 3.2).
int ChooseProtocol(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                   unsigned int offered_size, void*) {
  absl::string_view names(reinterpret_cast<const char*>(offered), offered_size);
  while (!names.empty()) {
    const size_t length = static_cast<unsigned char>(names[0]);
    const absl::string_view name = names.substr(1, length);
    if (name == "h2") {
      *chosen = reinterpret_cast<const unsigned char*>(name.data());
      *size = static_cast<unsigned char>(name.size());
      return SSL_TLSEXT_ERR_OK;
    }
    names.remove_prefix(1 + name.size());
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

absl::Status UseFiles(SSL_CTX* context, const ServerFiles& files, absl::Time now) {
  if (absl::Status status = UseIdentity(context, "server", files.certificate, files.key, now); !status.ok()) {
    return status;
  }
  if (files.client_ca.empty()) return absl::OkStatus();
  if (absl::Status status = UseAuthorities(context, "CA file of clients", files.client_ca); !status.ok()) return status;
  // The names of the authorities tell a client that has several certificates which to show.
  SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(files.client_ca.c_str()));
  SSL_CTX_set_verify(
      context, SSL_VERIFY_PEER | (files.client_certificate_required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), nullptr);
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckAuthorities(const std::string& file) {
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
  if (context == nullptr) return absl::ResourceExhaustedError("out of memory");
  return UseAuthorities(context.get(), "CA file of clients", file);
}

absl::StatusOr<std::shared_ptr<const ServerContext>> ServerContext::Create(const ServerFiles& files, absl::Time now) {
  Context context(SSL_CTX_new(TLS_server_method()));
  if (context == nullptr) return absl::ResourceExhaustedError("out of memory");
  if (absl::Status status = UseFiles(context.get(), files, now); !status.ok()) return status;
  UseCommonSettings(context.get());
  SSL_CTX_set_alpn_select_cb(context.get(), &ChooseProtocol, nullptr);
  // Clients resume by tickets; the server keeps nothing of them.
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context.get(), 1);
  constexpr unsigned char kContextId[] = "interaction";  // a session is resumed on a port of this program only
  SSL_CTX_set_session_id_context(context.get(), kContextId, sizeof kContextId - 1);
  return std::shared_ptr<const ServerContext>(new ServerContext(std::move(context)));
}

absl::Time ServerContext::certificate_end() const { return CertificateEnd(get()); }

}  // namespace interaction::tls
