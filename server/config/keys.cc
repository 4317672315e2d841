#include "server/config/keys.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/auth/forwarders.h"
#include "server/config/key_forms.h"
#include "server/config/values.h"

namespace interaction::config {
namespace {

// What is built once, at the start.
constexpr absl::string_view kNeedRestart[] = {
    "server.listen",
    "server.lanes",
    "server.spin",
    "server.max_message_bytes",
    "server.max_concurrent_streams",
    "server.max_connections",
    "server.max_connections_per_peer",
    "server.max_connection_age",
    "server.reflection",
    "server.transport",
    "calls.max_in_flight",
    "calls.max_in_flight_per_peer",
    "calls.max_metadata_bytes",
    "calls.retry",
    "calls.breaker",
    "seethepro.max_deadline",  // connections of clients last as long as the longest call
    "seethepro.max_concurrent_per_credential",
    "seethepro.max_waiting_per_credential",
    "wolkvox.max_deadline",
    "wolkvox.max_concurrent_per_credential",
    "wolkvox.max_waiting_per_credential",
    "idempotency.store",
    "idempotency.on_store_failure",
    "idempotency.done_ttl",
    "idempotency.unknown_ttl",
    "idempotency.max_records",
    "idempotency.max_bytes",
    "idempotency.in_progress_wait",
    "redis.address",
    "redis.sentinels",
    "redis.sentinel_primary",
    "redis.sentinel_username",
    "redis.sentinel_password_file",
    "redis.tls",
    "redis.database",
    "redis.timeout",
    "redis.replicas",
    "redis.on_outage",
    "redis.digest_key_file",
    "admin.listen",
    "admin.recent_calls",
    "admin.try_it",
    "log.format",
    "log.calls",
    "log.successes_percent",
};

std::optional<std::string> ParseForwarder(absl::string_view text) {
  std::string peer(text);
  if (!auth::Forwarders::Parse({peer}).ok()) return std::nullopt;
  return peer;
}

std::optional<std::string> ParseSentinel(absl::string_view text) {
  if (text.empty() || absl::StartsWith(text, "unix:")) return std::nullopt;
  return ParseConnect(text);
}

Section ServerSection() {
  return {
      "server",
      "The gRPC side.",
      {
          Text("server.listen", AT(server.listen), "host:port, [IPv6]:port or unix:/path",
               "Where the server listens; port 0 picks a free one. 0.0.0.0 and [::] both mean all addresses, IPv4 and "
               "IPv6.",
               ParseListen, WhyNotAddress),
          Integer("server.lanes", AT(server.lanes), 0, 1024, "Threads that serve calls; 0: one for each core."),
          Time(
              "server.spin", AT(server.spin), absl::ZeroDuration(), absl::Milliseconds(10),
              "How long a thread looks for an upstream's answer before it sleeps, where answers come that soon, "
              "such as 50us for an upstream on the same machine: lowers latency and costs CPU. 0s: it sleeps at once."),
          Size("server.max_message_bytes", AT(server.max_message_bytes), 1 << 10, 64 << 20,
               "Largest request; a larger one is RESOURCE_EXHAUSTED."),
          Integer("server.max_concurrent_streams", AT(server.max_concurrent_streams), 1, 1000000,
                  "Calls at a time on one connection; clients queue the others."),
          Integer("server.max_connections", AT(server.max_connections), 0, 1000000,
                  "Connections of clients; more are closed at once. 0: no limit. Only with server.transport: h2."),
          Integer("server.max_connections_per_peer", AT(server.max_connections_per_peer), 0, 1000000,
                  "The same from one machine; 0: no separate limit."),
          Time("server.max_connection_age", AT(server.max_connection_age), absl::Seconds(1), absl::Hours(24),
               "Age at which a client is asked to connect anew, so that clients spread over all replicas; up to 10 % "
               "earlier or later. Its calls under way end as usual."),
          Boolean("server.reflection", AT(server.reflection), "Whether tools such as grpcurl may list the services."),
          Choice<Transport>("server.transport", AT(server.transport),
                            {{"h2", Transport::kH2}, {"grpc", Transport::kGrpc}},
                            "What speaks gRPC with the clients: h2 is the gateway's own transport, grpc the server "
                            "of the gRPC library."),
          File("server.tls_cert_file", AT(server.tls_cert_file),
               "Certificate of the gateway and its chain, PEM; empty: clients connect without TLS."),
          File("server.tls_key_file", AT(server.tls_key_file), "Private key of the certificate, PEM."),
          File("server.tls_client_ca_file", AT(server.tls_client_ca_file),
               "Authorities of the clients' certificates, PEM; empty: clients are asked for none."),
          Choice<ClientCertificates>(
              "server.tls_client_certificates", AT(server.tls_client_certificates),
              {{"required", ClientCertificates::kRequired}, {"optional", ClientCertificates::kOptional}},
              "With server.tls_client_ca_file: required turns away clients without a certificate; optional lets them "
              "say who they are by token or API key."),
          Boolean("server.insecure", AT(server.insecure),
                  "Whether the server may listen beyond this machine although it does not know who calls "
                  "(callers.policy_file)."),
      }};
}

Section CallersSection() {
  return {
      "callers",
      "Who may call: docs/callers.md.",
      {
          File("callers.policy_file", AT(callers.policy_file),
               "Which caller may call what, YAML; empty: everybody may call everything."),
          File("callers.api_keys_file", AT(callers.api_keys_file),
               "Digests of the callers' API keys, YAML; empty: none are taken."),
          File("callers.jwks_file", AT(callers.jwks_file),
               "Keys that bearer tokens (JWT) are signed with, a JSON Web Key Set; empty: see jwks_url."),
          Text("callers.jwks_url", AT(callers.jwks_url), "an http or https URL without user, password or fragment",
               "Where such a set is fetched from; empty, without jwks_file: no tokens are taken.", ParseHttpUrl),
          Time("callers.jwks_refresh", AT(callers.jwks_refresh), absl::Seconds(10), absl::Hours(24),
               "How often it is fetched; also as soon as a token names an unknown key."),
          Text("callers.token_issuer", AT(callers.token_issuer), "a text", "Who signs tokens: claim iss.", AnyText),
          Text("callers.token_audience", AT(callers.token_audience), "a text",
               "Whom tokens have to be for: one of claim aud.", AnyText),
          Time("callers.token_leeway", AT(callers.token_leeway), absl::ZeroDuration(), absl::Minutes(5),
               "By how much the clocks of issuer and gateway may differ."),
          Texts("callers.forwarded_from", AT(callers.forwarded_from),
                "unix, an address, a range such as 10.0.0.0/8, or certificate:NAME", "a list of peers",
                "Proxies in front of the gateway whose x-forwarded-client-cert counts, because they have ended TLS and "
                "verified the certificate.",
                ParseForwarder),
      }};
}

Section CallsSection() {
  return {"calls",
          "All calls, to any upstream.",
          {
              Integer("calls.max_in_flight", AT(calls.max_in_flight), 1, 1000000,
                      "Calls in flight; more are refused with OVERLOADED."),
              Integer("calls.max_in_flight_per_peer", AT(calls.max_in_flight_per_peer), 0, 1000000,
                      "Calls in flight from one machine; 0: no separate limit."),
              Size("calls.max_metadata_bytes", AT(calls.max_metadata_bytes), 0, 64 << 10,
                   "Metadata of one call, names and values; more is METADATA_TOO_LARGE. 0: only gRPC's own limit."),
              Time("calls.default_deadline", AT(calls.default_deadline), absl::Milliseconds(1), absl::Minutes(10),
                   "Deadline of a call that sets none."),
              Time("calls.late_answer_time", AT(calls.late_answer_time), absl::ZeroDuration(), absl::Minutes(10),
                   "How long the gateway awaits an upstream's answer after the caller has left; the answer completes "
                   "the record."),
              Boolean("calls.retry", AT(calls.retry), "Whether attempts that certainly opened nothing are repeated."),
              Boolean("calls.breaker", AT(calls.breaker),
                      "Whether calls to an upstream that keeps failing are refused for a while."),
              Time("calls.drain_delay", AT(calls.drain_delay), absl::ZeroDuration(), absl::Minutes(10),
                   "After SIGTERM: how long calls are still accepted while health says NOT_SERVING."),
              Time("calls.drain_timeout", AT(calls.drain_timeout), absl::ZeroDuration(), absl::Hours(1),
                   "After that: how long calls in flight may take; not shorter than calls.default_deadline."),
          }};
}

// The keys that every upstream has; `of` finds its Upstream.
template <typename Of>
std::vector<Key> UpstreamKeys(const std::string& section, Of of) {
  return {
      Time(
          section + ".max_deadline", [of](auto& config) -> auto& { return of(config).max_deadline; },
          absl::Milliseconds(1), absl::Minutes(10), "Longer deadlines are shortened to this."),
      Time(
          section + ".connect_timeout", [of](auto& config) -> auto& { return of(config).connect_timeout; },
          absl::Milliseconds(1), absl::Minutes(1), "How long it may take to connect, TLS included."),
      Time(
          section + ".max_idle", [of](auto& config) -> auto& { return of(config).max_idle; }, absl::Seconds(1),
          absl::Hours(1), "A connection idle for longer is not used again; keep it below the upstream's own limit."),
      Time(
          section + ".max_lifetime", [of](auto& config) -> auto& { return of(config).max_lifetime; }, absl::Seconds(1),
          absl::Hours(24),
          "A connection older than this is not used again, because addresses and certificates change."),
      Boolean(
          section + ".reuse_connections", [of](auto& config) -> auto& { return of(config).reuse_connections; },
          "Whether connections are kept for further requests."),
      Size(
          section + ".max_response_bytes", [of](auto& config) -> auto& { return of(config).max_response_bytes; },
          1 << 10, 64 << 20, "Largest response body that is read."),
      Integer(
          section + ".max_concurrent_per_credential",
          [of](auto& config) -> auto& { return of(config).max_concurrent_per_credential; }, 0, 1000000,
          "Requests at a time with one credential; further calls wait. 0: no limit."),
      Integer(
          section + ".max_waiting_per_credential",
          [of](auto& config) -> auto& { return of(config).max_waiting_per_credential; }, 1, 1000000,
          "Calls that may wait for one credential; more are refused with OVERLOADED."),
      Choice<CallerCredentials>(
          section + ".caller_credentials", [of](auto& config) -> auto& { return of(config).caller_credentials; },
          {{"refuse", CallerCredentials::kRefuse}, {"allow", CallerCredentials::kAllow}},
          "Whether calls may send their own credential although one is configured here."),
  };
}

Section SeeTheProSection() {
  Section section{
      "seethepro",
      "SeeThePro: CreateVspInteraction.",
      {
          Text("seethepro.base_url", AT(seethepro.base_url), "http(s)://host[:port][/path]",
               "api/vspinteraction/create is added to it.", ParseBaseUrl, WhyNotUrl),
          Choice<WireFormat>("seethepro.wire_format", AT(seethepro.wire_format),
                             {{"json", WireFormat::kJson}, {"xml", WireFormat::kXml}, {"form", WireFormat::kForm}},
                             "Format of requests; answers are understood in JSON and XML, whatever this says."),
          File("seethepro.app_access_key_file", AT(seethepro.app_access_key_file),
               "File with the AppAccessKey; empty: callers send their own."),
      }};
  for (Key& key : UpstreamKeys("seethepro", AT(seethepro.upstream))) section.keys.push_back(std::move(key));
  return section;
}

Section WolkvoxSection() {
  Section section{
      "wolkvox",
      "wolkvox: AddWolkvoxInteraction.",
      {
          Text("wolkvox.base_url", AT(wolkvox.base_url),
               "http(s)://host[:port][/path] with {server} at most once, in the host before a dot",
               "api/v2/configuration.php?api=add_interaction is added to it; {server} becomes the call's server.",
               ParseBaseUrlTemplate, WhyNotUrlTemplate),
          Text("wolkvox.default_server", AT(wolkvox.default_server), kServerName,
               "Server of calls that name none, such as \"0042\"; empty: every call must name one.",
               [](absl::string_view text) { return text.empty() ? std::string() : ParseServerName(text); }),
          ServerNames("wolkvox.allowed_servers", AT(wolkvox.allowed_servers),
                      "The servers that calls may name, such as [\"0042\", \"0100\"]; empty: any."),
          FilesByServer("wolkvox.token_files", AT(wolkvox.token_files),
                        "Files with the tokens, such as {\"0042\": \"/run/secrets/wolkvox-0042\"}; \"\" is for all "
                        "other servers."),
          Boolean("wolkvox.send_server_header", AT(wolkvox.send_server_header),
                  "Whether the header wolkvox_server is sent: some proxies drop or refuse header names with an "
                  "underscore."),
      }};
  for (Key& key : UpstreamKeys("wolkvox", AT(wolkvox.upstream))) section.keys.push_back(std::move(key));
  return section;
}

Section EgressSection() {
  return {
      "egress",
      "Connections to all upstreams.",
      {
          Boolean("egress.allow_plaintext", AT(egress.allow_plaintext), "Whether base_url may be http://, for tests."),
          Boolean("egress.allow_loopback", AT(egress.allow_loopback), "Whether an upstream may be on this machine."),
          Boolean("egress.allow_private", AT(egress.allow_private), "Whether an upstream may have a private address."),
          File("egress.ca_file", AT(egress.ca_file), "Certificate authorities to trust, PEM; empty: the system's."),
          File("egress.client_cert_file", AT(egress.client_cert_file),
               "Client certificate, PEM; needs client_key_file."),
          File("egress.client_key_file", AT(egress.client_key_file), "Private key of the client certificate, PEM."),
          Text("egress.proxy", AT(egress.proxy), "http://[user:password@]host[:port]",
               "Proxy to the upstreams; empty: none, even if http_proxy is set.", ParseProxy, WhyNotProxy),
          Text("egress.no_proxy", AT(egress.no_proxy), "hosts, .domains and IP addresses separated by commas, or *",
               "Hosts that are reached without the proxy.", ParseNoProxy, WhyNotNoProxy),
          Boolean("egress.propagate_b3", AT(egress.propagate_b3),
                  "Whether trace context is sent as b3 as well as W3C."),
      }};
}

Section IdempotencySection() {
  return {
      "idempotency",
      "Calls with a request_id, which take effect once, however often they are repeated.",
      {
          Choice<RecordStore>(
              "idempotency.store", AT(idempotency.store),
              {{"memory", RecordStore::kMemory}, {"redis", RecordStore::kRedis}, {"none", RecordStore::kNone}},
              "Where records are kept: memory for a single replica, redis for several. With none, "
              "request_id is refused."),
          Choice<OnStoreFailure>(
              "idempotency.on_store_failure", AT(idempotency.on_store_failure),
              {{"closed", OnStoreFailure::kClosed}, {"open", OnStoreFailure::kOpen}},
              "A call with a request_id whose record cannot be written: closed refuses it; open serves it "
              "unprotected and says so, and repeating it may open a second interaction."),
          Boolean("idempotency.require", AT(idempotency.require), "Whether calls without a request_id are refused."),
          Time("idempotency.done_ttl", AT(idempotency.done_ttl), absl::Minutes(1), absl::Hours(24 * 30),
               "How long an answer is kept and replayed."),
          Time("idempotency.unknown_ttl", AT(idempotency.unknown_ttl), absl::Minutes(1), absl::Hours(24 * 30),
               "How long a request_id whose outcome is unknown stays blocked."),
          Integer("idempotency.max_records", AT(idempotency.max_records), 1, 100000000,
                  "Records in memory; at the limit, new request_ids are refused until some expire."),
          Size("idempotency.max_bytes", AT(idempotency.max_bytes), 1 << 20, 1 << 30,
               "Memory for records; at the limit, new request_ids are refused until some expire."),
          Time("idempotency.in_progress_wait", AT(idempotency.in_progress_wait), absl::ZeroDuration(), absl::Minutes(1),
               "How long a call waits for the same call on another replica before it ends with ABORTED."),
      }};
}

Section RedisSection() {
  return {
      "redis",
      "State that several replicas share: records, and the limits of credentials.",
      {
          Text("redis.address", AT(redis.address), "host:port, [IPv6]:port or unix:/path",
               "Address of a Redis 7; empty: none, replicas share nothing.", ParseConnect, WhyNotAddress),
          Texts("redis.sentinels", AT(redis.sentinels), "host:port or [IPv6]:port", "a list of addresses",
                "Addresses of the Sentinels that know where the primary is, instead of redis.address.", ParseSentinel),
          Text("redis.sentinel_primary", AT(redis.sentinel_primary), "a text", "What the Sentinels call it: mymaster.",
               AnyText),
          Text("redis.sentinel_username", AT(redis.sentinel_username), "a text",
               "For AUTH with the Sentinels; empty: the default user.", AnyText),
          File("redis.sentinel_password_file", AT(redis.sentinel_password_file),
               "File with the password for the Sentinels; empty: none."),
          Boolean("redis.tls", AT(redis.tls), "Whether Redis and its Sentinels are spoken to with TLS."),
          File("redis.tls_ca_file", AT(redis.tls_ca_file),
               "Authorities of their certificates, PEM; empty: those that the system trusts."),
          File("redis.tls_client_cert_file", AT(redis.tls_client_cert_file),
               "Certificate of the gateway for them, PEM; empty: none."),
          File("redis.tls_client_key_file", AT(redis.tls_client_key_file), "Private key of that certificate, PEM."),
          Text("redis.username", AT(redis.username), "a text", "For AUTH; empty: the default user.", AnyText),
          File("redis.password_file", AT(redis.password_file), "File with the password; empty: none."),
          Integer("redis.database", AT(redis.database), 0, 1000000, "Number of the database to SELECT."),
          Time("redis.timeout", AT(redis.timeout), absl::Milliseconds(1), absl::Seconds(10),
               "How long a command may take; a call with a request_id needs two."),
          Integer("redis.replicas", AT(redis.replicas), 1, 10000,
                  "Number of gateways that use it: while it is unreachable, each keeps to its share of a credential's "
                  "limit."),
          Choice<OnOutage>(
              "redis.on_outage", AT(redis.on_outage), {{"continue", OnOutage::kContinue}, {"wait", OnOutage::kWait}},
              "What calls to an upstream with a limit per credential do while it is unreachable: continue sends "
              "them within this gateway's share of the limit; wait holds them until it is back or no "
              "other gateway can still be using the credential."),
          File("redis.digest_key_file", AT(redis.digest_key_file),
               "File with 32 to 512 random characters, the same for all replicas: Redis sees requests and credentials "
               "only "
               "as digests made with it."),
      }};
}

std::optional<std::string> ParseAdminListen(absl::string_view text) {
  return text == "off" ? std::string(text) : ParseListen(text);
}

Section AdminSection() {
  return {"admin",
          "The port for operators: health, metrics and state over HTTP.",
          {
              Text("admin.listen", AT(admin.listen), "host:port, [IPv6]:port, unix:/path or off",
                   "Where it listens; port 0 picks a free one; off: not at all.", ParseAdminListen, WhyNotAddress),
              File("admin.token_file", AT(admin.token_file),
                   "File with the token that its pages need (Authorization: Bearer TOKEN), but for /livez and /readyz. "
                   "Without one, pages can be read by whoever can connect, and nothing can be changed."),
              File("admin.tls_cert_file", AT(admin.tls_cert_file),
                   "Certificate of the port and its chain, PEM; empty: HTTP without TLS."),
              File("admin.tls_key_file", AT(admin.tls_key_file), "Private key of the certificate, PEM."),
              Boolean("admin.insecure", AT(admin.insecure),
                      "Whether the port may be reached from other machines without a token."),
              Boolean("admin.try_it", AT(admin.try_it),
                      "Whether calls can be made at the port, by whoever has its token, to try the gateway. They open "
                      "real interactions; for a policy, their caller is admin:try-it."),
              Integer("admin.recent_calls", AT(admin.recent_calls), 0, 10000,
                      "How many of the last calls are kept in memory, to be looked at on the page / and at /calls; 0: "
                      "none. Half a kilobyte each, on every lane."),
          }};
}

Section LogSection() {
  auto same = [](std::string word) { return std::pair(word, word); };
  return {
      "log",
      "The log: lines on standard error.",
      {
          Choice<std::string>("log.level", AT(log.level), {same("debug"), same("info"), same("warning"), same("error")},
                              "Lines below this level are left out."),
          Choice<std::string>("log.format", AT(log.format), {same("auto"), same("json"), same("text")},
                              "JSON, an object a line, or text for people. auto: text on a terminal, else JSON."),
          Boolean("log.calls", AT(log.calls),
                  "Whether each call gets a line that says what became of it. Without, calls that failed get one, ten "
                  "a second at most."),
          Integer("log.successes_percent", AT(log.successes_percent), 0, 100,
                  "With log.calls: of the calls that succeed, how many in a hundred get a line. Calls that fail always "
                  "do."),
      }};
}

}  // namespace

std::vector<Section> Sections() {
  std::vector<Section> sections = {ServerSection(),  CallersSection(),     CallsSection(), SeeTheProSection(),
                                   WolkvoxSection(), IdempotencySection(), RedisSection(), EgressSection(),
                                   AdminSection(),   LogSection()};
  for (Section& section : sections) {
    for (Key& key : section.keys) {
      key.needs_restart =
          std::find(std::begin(kNeedRestart), std::end(kNeedRestart), key.path) != std::end(kNeedRestart);
    }
  }
  return sections;
}

}  // namespace interaction::config
