#include "server/app/check_config.h"

#include <string>

#include "absl/functional/function_ref.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "server/app/options.h"
#include "server/auth/token_verifier.h"
#include "server/config/upstreams.h"
#include "server/http/address_policy.h"
#include "server/http/url.h"
#include "server/tls/client_context.h"
#include "server/tls/server_context.h"
#include "server/upstream/seethepro/translator.h"
#include "server/upstream/wolkvox/translator.h"

namespace interaction::app {
namespace {

// Translators' messages begin with the key.
void ComplainOf(const std::string& path, const absl::Status& status, const config::Complain& complain) {
  complain(path, absl::StripPrefix(status.message(), path + ": "));
}

// A base URL whose host is an address that the policy forbids would fail every call. Names are only looked up when they
// are called, except localhost.
void CheckReachable(const std::string& path, const std::string& base_url, const http::EndpointOptions& options,
                    const config::Complain& complain) {
  const absl::StatusOr<std::string> host = http::HostOf(base_url);
  if (!host.ok() || !options.proxy.empty()) return;
  const bool is_local = *host == "localhost" || absl::EndsWith(*host, ".localhost");
  if (!is_local && !http::IsIpAddress(*host)) return;
  const std::string ip = is_local ? "127.0.0.1" : *host;
  if (options.address_policy.Allows(ip)) return;
  if (http::AddressPolicy{.allow_loopback = true}.Allows(ip)) {
    complain(path, absl::StrCat(*host, " is this machine while egress.allow_loopback is false"));
  } else if (http::AddressPolicy{.allow_private = true}.Allows(ip)) {
    complain(path, absl::StrCat(*host, " is a private address while egress.allow_private is false"));
  } else {
    complain(path, absl::StrCat(*host, " is an address that no setting allows: link-local, unspecified or reserved"));
  }
}

// That one of the pair is missing has been said already.
void CheckKeyPair(const std::string& cert_key, const std::string& cert, const std::string& key_key,
                  const std::string& key, absl::FunctionRef<absl::Status()> use, const config::Complain& complain) {
  if (cert.empty() || key.empty()) return;
  const absl::Status status = use();
  if (!status.ok()) complain(absl::StrContains(status.message(), " key ") ? key_key : cert_key, status.message());
}

void CheckTls(const config::Config& config, absl::Time now, const config::Complain& complain) {
  const config::Egress& egress = config.egress;
  if (!egress.ca_file.empty()) {
    const absl::Status status = tls::ClientContext::Create({.ca = egress.ca_file}, now).status();
    if (!status.ok()) complain("egress.ca_file", status.message());
  }
  CheckKeyPair(
      "egress.client_cert_file", egress.client_cert_file, "egress.client_key_file", egress.client_key_file,
      [&] {
        return tls::ClientContext::Create({.certificate = egress.client_cert_file, .key = egress.client_key_file}, now)
            .status();
      },
      complain);
  if (config.redis.tls) {
    const absl::Status status = tls::ClientContext::Create(RedisTlsFiles(config), now).status();
    if (!status.ok()) {
      complain(absl::StrContains(status.message(), "CA file") ? "redis.tls_ca_file"
               : absl::StrContains(status.message(), " key ") ? "redis.tls_client_key_file"
                                                              : "redis.tls_client_cert_file",
               status.message());
    }
  }
  CheckKeyPair(
      "admin.tls_cert_file", config.admin.tls_cert_file, "admin.tls_key_file", config.admin.tls_key_file,
      [&] {
        return tls::ServerContext::Create({.certificate = config.admin.tls_cert_file, .key = config.admin.tls_key_file},
                                          now)
            .status();
      },
      complain);
  const config::Server& server = config.server;
  CheckKeyPair(
      "server.tls_cert_file", server.tls_cert_file, "server.tls_key_file", server.tls_key_file,
      [&] {
        return tls::ServerContext::Create({.certificate = server.tls_cert_file, .key = server.tls_key_file}, now)
            .status();
      },
      complain);
  if (server.tls_client_ca_file.empty()) return;
  const absl::Status status = tls::CheckAuthorities(server.tls_client_ca_file);
  if (!status.ok()) complain("server.tls_client_ca_file", status.message());
}

void CheckKeySet(const config::Callers& callers, const config::Complain& complain) {
  if (callers.key_set.empty()) return;
  const absl::Status status =
      auth::TokenVerifier::Create({.issuer = callers.token_issuer, .audience = callers.token_audience}, callers.key_set)
          .status();
  if (!status.ok()) complain("callers.jwks_file", absl::StrCat("\"", callers.jwks_file, "\" ", status.message()));
}

}  // namespace

void CheckConfig(const config::Config& config, const config::Complain& complain) {
  const auto seethepro = seethepro::Translator::Create(SeeTheProOptions(config));
  if (!seethepro.ok()) ComplainOf("seethepro.base_url", seethepro.status(), complain);
  const auto wolkvox = wolkvox::Translator::Create(WolkvoxOptions(config));
  if (!wolkvox.ok()) ComplainOf("wolkvox.base_url", wolkvox.status(), complain);

  for (const config::ConfiguredUpstream& upstream : config::Upstreams(config)) {
    CheckReachable(upstream.section + ".base_url", absl::StrReplaceAll(upstream.base_url, {{"{server}", "0"}}),
                   EndpointOptions(config, upstream.options, /*tls=*/nullptr), complain);
  }

  CheckTls(config, absl::Now(), complain);
  CheckKeySet(config.callers, complain);
}

}  // namespace interaction::app
