#include "server/app/check_config.h"

#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "server/app/options.h"
#include "server/base/clock.h"
#include "server/base/status_macros.h"
#include "server/config/upstreams.h"
#include "server/http/address_policy.h"
#include "server/http/client.h"
#include "server/http/resolver.h"
#include "server/http/url.h"
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

// Never called, because the check sends nothing.
class NoResolver final : public http::Resolver {
 public:
  void Resolve(const std::string&, Done) override {}
};

absl::Status TryTls(const http::EndpointOptions& options) {
  const RealClock clock;
  NoResolver resolver;
  ASSIGN_OR_RETURN(const auto client, http::Client::Create({}, &resolver, &clock));
  return client->AddEndpoint(options).status();
}

void CheckTls(const config::Egress& egress, const config::Complain& complain) {
  if (!egress.ca_file.empty()) {
    const absl::Status status = TryTls({.ca_file = egress.ca_file});
    if (!status.ok()) complain("egress.ca_file", status.message());
  }
  if (egress.client_cert_file.empty() || egress.client_key_file.empty()) return;
  const absl::Status status =
      TryTls({.client_cert_file = egress.client_cert_file, .client_key_file = egress.client_key_file});
  if (status.ok()) return;
  const bool is_key = absl::StrContains(status.message(), "client key");
  complain(is_key ? "egress.client_key_file" : "egress.client_cert_file", status.message());
}

}  // namespace

void CheckConfig(const config::Config& config, const config::Complain& complain) {
  const auto seethepro = seethepro::Translator::Create(SeeTheProOptions(config));
  if (!seethepro.ok()) ComplainOf("seethepro.base_url", seethepro.status(), complain);
  const auto wolkvox = wolkvox::Translator::Create(WolkvoxOptions(config));
  if (!wolkvox.ok()) ComplainOf("wolkvox.base_url", wolkvox.status(), complain);

  for (const config::ConfiguredUpstream& upstream : config::Upstreams(config)) {
    CheckReachable(upstream.section + ".base_url", absl::StrReplaceAll(upstream.base_url, {{"{server}", "0"}}),
                   EndpointOptions(config, upstream.options), complain);
  }

  CheckTls(config.egress, complain);
}

}  // namespace interaction::app
