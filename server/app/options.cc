#include "server/app/options.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "server/base/status_macros.h"
#include "server/config/upstreams.h"
#include "server/http/url.h"

namespace interaction::app {
namespace {

seethepro::WireFormat ToWireFormat(config::WireFormat format) {
  switch (format) {
    case config::WireFormat::kJson:
      return seethepro::WireFormat::kJson;
    case config::WireFormat::kXml:
      return seethepro::WireFormat::kXml;
    case config::WireFormat::kForm:
      return seethepro::WireFormat::kForm;
  }
  return seethepro::WireFormat::kJson;
}

constexpr absl::string_view kServerPlace = "{server}";  // in wolkvox.base_url

// How long, beyond a call's own time, its answer may take to reach the caller and the transport may take to close the
// connection.
constexpr absl::Duration kAnswerMargin = absl::Seconds(40);

// To any upstream: a connection that is closed earlier leaves the outcome of its calls unknown.
absl::Duration LongestCall(const config::Config& config) {
  absl::Duration longest;
  for (const config::ConfiguredUpstream& upstream : config::Upstreams(config)) {
    longest = std::max(longest, upstream.options.max_deadline);
  }
  return longest + kAnswerMargin;
}

// "[::1]:6379" -> {"::1", 6379}
redis::HostPort SplitAddress(absl::string_view address) {
  const size_t colon = address.rfind(':');
  absl::string_view host = address.substr(0, colon);
  if (absl::ConsumePrefix(&host, "[")) absl::ConsumeSuffix(&host, "]");
  int port = 0;
  (void)absl::SimpleAtoi(address.substr(colon + 1), &port);
  return {.host = std::string(host), .port = static_cast<uint16_t>(port)};
}

bool AllowsCallerCredentials(const config::Upstream& upstream) {
  return upstream.caller_credentials == config::CallerCredentials::kAllow;
}

}  // namespace

http::ClientOptions HttpClientOptions(const config::Config& config) {
  // Admission limits the calls in flight. Besides their connections there may be as many idle ones, or the number that
  // is always kept. So this limit never refuses a call.
  http::ClientOptions options;
  options.max_connections = 2 * config.calls.max_in_flight + options.max_idle_connections;
  return options;
}

http::EndpointOptions EndpointOptions(const config::Config& config, const config::Upstream& upstream,
                                      std::shared_ptr<const tls::ClientContext> tls) {
  const config::Egress& egress = config.egress;
  return {
      .connect_timeout = upstream.connect_timeout,
      .max_idle = upstream.max_idle,
      .max_lifetime = upstream.max_lifetime,
      .reuse_connections = upstream.reuse_connections,
      .max_response_bytes = static_cast<size_t>(upstream.max_response_bytes),
      .allow_plaintext = egress.allow_plaintext,
      .address_policy = {.allow_loopback = egress.allow_loopback, .allow_private = egress.allow_private},
      .tls = std::move(tls),
      .proxy = egress.proxy,
      .no_proxy = egress.no_proxy,
  };
}

absl::StatusOr<auth::Access> AccessOptions(const config::Config& config, const auth::Access* previous) {
  const config::Callers& callers = config.callers;
  auth::Access access;
  if (callers.policy_file.empty()) return access;
  access.policy = std::make_shared<const auth::Policy>(callers.rules, previous ? previous->policy.get() : nullptr);
  access.takes_certificates = !config.server.tls_client_ca_file.empty();
  if (!callers.api_keys_file.empty()) access.api_keys = std::make_shared<const auth::ApiKeys>(callers.api_keys);
  if (!callers.forwarded_from.empty()) {
    ASSIGN_OR_RETURN(auth::Forwarders forwarders, auth::Forwarders::Parse(callers.forwarded_from));
    access.forwarders = std::make_shared<const auth::Forwarders>(std::move(forwarders));
  }
  if (callers.jwks_file.empty() && callers.jwks_url.empty()) return access;
  access.tokens = {.issuer = callers.token_issuer, .audience = callers.token_audience, .leeway = callers.token_leeway};
  access.fetches_keys = !callers.jwks_url.empty();
  access.key_set = access.fetches_keys && previous && previous->fetches_keys ? previous->key_set : callers.key_set;
  return access;
}

KeySourceOptions KeyOptions(const config::Config& config) {
  const config::Egress& egress = config.egress;
  return {.url = config.callers.policy_file.empty() ? "" : config.callers.jwks_url,
          .refresh = config.callers.jwks_refresh,
          .download = {.ca_file = egress.ca_file, .proxy = egress.proxy, .no_proxy = egress.no_proxy}};
}

tls::ClientFiles UpstreamTlsFiles(const config::Config& config) {
  return {
      .ca = config.egress.ca_file, .certificate = config.egress.client_cert_file, .key = config.egress.client_key_file};
}

tls::ServerFiles ServerTlsFiles(const config::Config& config) {
  const config::Server& server = config.server;
  return {.certificate = server.tls_cert_file,
          .key = server.tls_key_file,
          .client_ca = server.tls_client_ca_file,
          .client_certificate_required = server.tls_client_certificates == config::ClientCertificates::kRequired};
}

upstream::UpstreamOptions UpstreamOptions(const config::Config& config, const config::Upstream& upstream) {
  return {
      .default_deadline = config.calls.default_deadline,
      .max_deadline = upstream.max_deadline,
      .late_answer_time = config.calls.late_answer_time,
      .propagate_b3 = config.egress.propagate_b3,
      .require_request_id = config.idempotency.require,
  };
}

limits::AdmissionOptions AdmissionOptions(const config::Config& config) {
  return {
      .max_in_flight = config.calls.max_in_flight,
      .max_in_flight_per_peer = config.calls.max_in_flight_per_peer,
      .max_metadata_bytes = static_cast<size_t>(config.calls.max_metadata_bytes),
  };
}

limits::RetryOptions RetryOptions(const config::Config& config) {
  if (config.calls.retry) return {};
  return {.connect_retries = 0, .concurrency_retries = 0, .told_retries = 0};
}

limits::PermitsOptions PermitsOptions(const config::Config& config, const std::string& section,
                                      const config::Upstream& upstream, const std::string& instance) {
  return {
      .queue = {.limit = upstream.max_concurrent_per_credential,
                .max_waiting_per_key = upstream.max_waiting_per_credential,
                .max_waiting = config.calls.max_in_flight,
                .limit_name = section + ".max_concurrent_per_credential"},
      .replicas = config.redis.replicas,
      .replica = instance,
      // A request takes at most the upstream's maximum, and the permit's lease a little longer.
      .wait_for_store = config.redis.on_outage == config::OnOutage::kWait ? upstream.max_deadline + absl::Seconds(10)
                                                                          : absl::ZeroDuration(),
  };
}

redis::ClientOptions RedisOptions(const config::Config& config) {
  const config::Redis& redis = config.redis;
  redis::ClientOptions options{.username = redis.username,
                               .password = redis.password,
                               .database = redis.database,
                               .operation_timeout = redis.timeout};
  options.sentinel.primary = redis.sentinel_primary;
  options.sentinel.username = redis.sentinel_username;
  options.sentinel.password = redis.sentinel_password;
  for (const std::string& sentinel : redis.sentinels) options.sentinel.sentinels.push_back(SplitAddress(sentinel));
  absl::string_view address = redis.address;
  if (absl::ConsumePrefix(&address, "unix:")) {
    options.socket_path = std::string(address);
  } else if (!address.empty()) {
    redis::HostPort target = SplitAddress(address);
    options.host = std::move(target.host);
    options.port = target.port;
  }
  return options;
}

tls::ClientFiles RedisTlsFiles(const config::Config& config) {
  return {.ca = config.redis.tls_ca_file,
          .certificate = config.redis.tls_client_cert_file,
          .key = config.redis.tls_client_key_file,
          .protocol = ""};
}

absl::StatusOr<std::shared_ptr<const tls::ClientContext>> MakeRedisTls(const config::Config& config, absl::Time now) {
  if (!config.redis.tls) return nullptr;
  return tls::ClientContext::Create(RedisTlsFiles(config), now);
}

grpc_transport::Options GrpcTransportOptions(const config::Config& config) {
  return {
      .max_message_bytes = config.server.max_message_bytes,
      .max_concurrent_streams = config.server.max_concurrent_streams,
      .max_connection_age = config.server.max_connection_age,
      .longest_call = LongestCall(config),
      .tls_cert_file = config.server.tls_cert_file,
      .tls_key_file = config.server.tls_key_file,
      .tls_client_ca_file = config.server.tls_client_ca_file,
      .client_certificate_required = config.server.tls_client_certificates == config::ClientCertificates::kRequired};
}

std::vector<call::CallMetrics::Host> KnownHosts(const config::Config& config) {
  const auto authority = [](const std::string& url) { return absl::AsciiStrToLower(http::AuthorityOf(url)); };
  std::vector<call::CallMetrics::Host> hosts = {{"seethepro", authority(config.seethepro.base_url)}};
  const config::Wolkvox& wolkvox = config.wolkvox;
  std::set<std::string> servers(wolkvox.allowed_servers.begin(), wolkvox.allowed_servers.end());
  for (const auto& [server, file] : wolkvox.token_files) servers.insert(server);
  servers.insert(wolkvox.default_server);
  servers.erase("");
  if (!absl::StrContains(wolkvox.base_url, kServerPlace)) servers = {""};
  for (const std::string& server : servers) {
    hosts.push_back({"wolkvox", authority(absl::StrReplaceAll(wolkvox.base_url, {{kServerPlace, server}}))});
  }
  return hosts;
}

front::Options FrontOptions(const config::Config& config) {
  front::Options options;
  options.session.max_message_bytes = static_cast<size_t>(config.server.max_message_bytes);
  options.session.max_concurrent_streams = static_cast<uint32_t>(config.server.max_concurrent_streams);
  options.max_connections = config.server.max_connections;
  options.max_connections_per_peer = config.server.max_connections_per_peer;
  options.max_age = config.server.max_connection_age;
  options.longest_call = LongestCall(config);
  return options;
}

seethepro::Options SeeTheProOptions(const config::Config& config) {
  return {
      .base_url = config.seethepro.base_url,
      .wire_format = ToWireFormat(config.seethepro.wire_format),
      .app_access_key = config.seethepro.app_access_key,
      .allow_caller_credentials = AllowsCallerCredentials(config.seethepro.upstream),
  };
}

wolkvox::Options WolkvoxOptions(const config::Config& config) {
  return {
      .base_url = config.wolkvox.base_url,
      .default_server = config.wolkvox.default_server,
      .allowed_servers = config.wolkvox.allowed_servers,
      .send_server_header = config.wolkvox.send_server_header,
      .tokens = config.wolkvox.tokens,
      .allow_caller_credentials = AllowsCallerCredentials(config.wolkvox.upstream),
  };
}

}  // namespace interaction::app
