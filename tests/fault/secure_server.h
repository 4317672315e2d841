#pragma once

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <signal.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/config/files.h"
#include "tests/integration/gateway.h"
#include "tests/integration/server_process.h"
#include "tests/support/certificates.h"
#include "tests/support/tokens.h"
#include "tests/support/volume.h"

namespace interaction::testing {

inline std::string Contents(const std::string& file) { return *config::ReadFile(file, 1 << 20); }

// A credential in the metadata of a call.
inline CallSetup WithMetadata(const std::string& key, const std::string& value) {
  return [=](grpc::ClientContext& context) {
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
    context.AddMetadata(key, value);
  };
}
inline CallSetup WithToken(const std::string& token) { return WithMetadata("authorization", "Bearer " + token); }
inline CallSetup WithApiKey(const std::string& key) { return WithMetadata("x-api-key", key); }

// SHA-256 of "the api key".
inline constexpr char kApiKey[] = "the api key";
inline constexpr char kApiKeys[] =
    "api_keys:\n"
    "  - name: billing\n"
    "    sha256: eb53fb8e4a754e8665b43557a98ad8a631022f1843f8ef352cdc08db4de0be1d\n";

// A server in a process of its own with all that production has: TLS, callers by certificate, token and API key, and a
// policy; its files are in a volume.
class SecureServer {
 public:
  // `settings` come last.
  explicit SecureServer(const std::string& upstream_url, const std::vector<std::string>& settings = {})
      : server_(
            With(
                With(SettingsFor(upstream_url, upstream_url),
                     {"server.tls_cert_file=" + files_.File("tls.crt"), "server.tls_key_file=" + files_.File("tls.key"),
                      "server.tls_client_ca_file=" + files_.File("clients.pem"),
                      "server.tls_client_certificates=optional", "callers.policy_file=" + files_.File("policy.yaml"),
                      "callers.api_keys_file=" + files_.File("api-keys.yaml"),
                      "callers.jwks_file=" + files_.File("jwks.json"), "callers.token_issuer=https://issuer.test/",
                      "callers.token_audience=interaction-gateway",
                      "seethepro.app_access_key_file=" + files_.File("app-access-key"),
                      "wolkvox.token_files.0042=" + files_.File("wolkvox-token"),
                      "wolkvox.max_concurrent_per_credential=0"}),
                settings),
            {.env = {{"INTERACTION_CONFIG", files_.File("server.yaml")}}}) {}

  Volume& files() { return files_; }
  CertificateAuthority& authority() { return authority_; }
  const SigningKey& signing_key() const { return signing_key_; }
  Subprocess& process() { return server_.process(); }
  const std::string& admin_address() const { return server_.admin_address(); }

  // Reads the configuration anew, and waits until that is done; returns the line that says how.
  std::string Reload() {
    const size_t before = process().Stderr().size();
    process().Signal(SIGHUP);
    return LineSince(before, "reloaded");
  }

  // The first line with `text` that was logged after so many bytes.
  std::string LineSince(size_t bytes, const std::string& text) {
    for (int i = 0; i < 1000; ++i) {
      const std::string log = process().Stderr().substr(bytes);
      const size_t at = log.find(text);
      const size_t end = at == log.npos ? log.npos : log.find('\n', at);
      if (end != log.npos) return log.substr(log.rfind('\n', at) + 1, end - log.rfind('\n', at) - 1);
      absl::SleepFor(absl::Milliseconds(10));
    }
    return "";
  }

  // A client that trusts `ca` (default: the authority), over a connection of its own; with a certificate if there is
  // one.
  std::unique_ptr<GatewayClient> Client(const KeyPairFiles& certificate = {}, std::string ca = "") const {
    if (ca.empty()) ca = Contents(authority_.ca_file());
    grpc::SslCredentialsOptions options{.pem_root_certs = ca, .pem_private_key = "", .pem_cert_chain = ""};
    if (!certificate.key.empty()) {
      options.pem_private_key = Contents(certificate.key);
      options.pem_cert_chain = Contents(certificate.certificate);
    }
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetSslTargetNameOverride("localhost");
    return std::make_unique<GatewayClient>(
        grpc::CreateCustomChannel(server_.address(), grpc::SslCredentials(options), arguments));
  }

  const std::string& address() const { return server_.address(); }

  // A certificate of the authority for a workload.
  KeyPairFiles Workload(const std::string& name) {
    return authority_.Issue(name, {.dns_names = {}, .ip_addresses = {}, .uris = {"spiffe://example.org/" + name}});
  }
  std::string Token(const TokenClaims& claims = {}) const { return signing_key_.Sign(claims.Json(absl::Now())); }

  static v1::CreateVspInteractionRequest Vsp() {
    v1::CreateVspInteractionRequest request = TestGateway::ValidVsp();
    request.clear_app_access_key();
    return request;
  }
  static v1::AddWolkvoxInteractionRequest Wolkvox(const std::string& server) {
    v1::AddWolkvoxInteractionRequest request = TestGateway::ValidWolkvox();
    request.set_wolkvox_server(server);
    request.clear_wolkvox_token();
    return request;
  }

  static std::string Policy(const std::string& more = "") {
    return absl::StrCat(
        "callers:\n"
        "  - name: billing\n"
        "    identities: [\"certificate:spiffe://example.org/billing\", \"token:billing\", \"api_key:billing\"]\n"
        "    rpcs: [CreateVspInteraction]\n",
        more);
  }

 private:
  const TempDir dir_;
  CertificateAuthority authority_{&dir_};
  const KeyPairFiles identity_ = authority_.Issue("gateway");
  const SigningKey signing_key_{"one", SigningKey::Kind::kP256};
  Volume files_{{{"tls.crt", Contents(identity_.certificate)},
                 {"tls.key", Contents(identity_.key)},
                 {"clients.pem", Contents(authority_.ca_file())},
                 {"policy.yaml", Policy()},
                 {"api-keys.yaml", kApiKeys},
                 {"jwks.json", KeySet({signing_key_.PublicJson()})},
                 {"app-access-key", "first-key\n"},
                 {"wolkvox-token", "first-token\n"},
                 {"server.yaml", ""}}};
  ServerProcess server_;
};

}  // namespace interaction::testing
