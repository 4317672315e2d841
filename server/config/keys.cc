#include "server/config/keys.h"

#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "server/config/suggest.h"
#include "server/config/values.h"

// A function that finds a member in a Config, const or not.
#define AT(member) \
  [](auto& config) -> auto& { return config.member; }

namespace interaction::config {
namespace {

constexpr char kServerName[] = "the name of a server: at most 32 letters, digits and inner hyphens";

absl::Status IsNot(absl::string_view text, absl::string_view form, absl::string_view why = "") {
  return absl::InvalidArgumentError(absl::StrCat(Quote(text), " is not ", form, why.empty() ? "" : ": ", why));
}

// Says why a text does not have the form.
using WhyNot = std::string (*)(absl::string_view text);

// A scalar: `parse` turns a text into a value, `format` a value into a text.
template <typename At, typename Parse, typename Format>
Key Scalar(std::string path, At at, std::string form, std::string doc, Parse parse, Format format,
           WhyNot why_not = nullptr) {
  auto set = [=](absl::string_view, absl::Span<const std::string> values, Config& config) -> absl::Status {
    auto value = parse(values.front());
    if (!value) return IsNot(values.front(), form, why_not ? why_not(values.front()) : "");
    at(config) = *std::move(value);
    return absl::OkStatus();
  };
  auto show = [=](const Config& config) -> std::string { return format(at(config)); };
  return {.path = path, .form = form, .doc = doc, .set = set, .format = show};
}

template <typename At>
Key Text(std::string path, At at, std::string form, std::string doc,
         std::optional<std::string> (*parse)(absl::string_view), WhyNot why_not = nullptr) {
  return Scalar(path, at, form, doc, parse, Quote, why_not);
}

std::optional<std::string> AnyText(absl::string_view text) { return std::string(text); }

template <typename At>
Key File(std::string path, At at, std::string doc) {
  return Text(path, at, "the path of a file", doc, AnyText);
}

template <typename At>
Key Boolean(std::string path, At at, std::string doc) {
  return Scalar(path, at, "true or false", doc, ParseBoolean, [](bool value) { return value ? "true" : "false"; });
}

template <typename At>
Key Integer(std::string path, At at, int min, int max, std::string doc) {
  auto parse = [=](absl::string_view text) { return ParseInteger(text, min, max); };
  auto format = [](int value) { return absl::StrCat(value); };
  return Scalar(path, at, absl::StrCat("a whole number from ", min, " to ", max), doc, parse, format);
}

template <typename At>
Key Size(std::string path, At at, int min, int max, std::string doc) {
  auto parse = [=](absl::string_view text) { return ParseSize(text, min, max); };
  const std::string form = absl::StrCat("a size from ", FormatSize(min), " to ", FormatSize(max));
  return Scalar(path, at, form, doc, parse, FormatSize);
}

template <typename At>
Key Time(std::string path, At at, absl::Duration min, absl::Duration max, std::string doc) {
  const std::string form = absl::StrCat("a time with its unit, from ", FormatTime(min), " to ", FormatTime(max));
  return Scalar(
      path, at, form, doc, [=](absl::string_view text) { return ParseTime(text, min, max); }, FormatTime);
}

// One of a few words, each of which stands for a value.
template <typename T, typename At>
Key Choice(std::string path, At at, std::vector<std::pair<std::string, T>> choices, std::string doc) {
  const std::string words =
      absl::StrJoin(choices, ", ", [](std::string* out, const auto& choice) { *out += choice.first; });
  auto parse = [=](absl::string_view text) -> std::optional<T> {
    for (const auto& [word, value] : choices) {
      if (word == text) return value;
    }
    return std::nullopt;
  };
  auto format = [=](const T& wanted) -> std::string {
    for (const auto& [word, value] : choices) {
      if (value == wanted) return word;
    }
    return "";
  };
  return Scalar(path, at, absl::StrCat("one of ", words), doc, parse, format);
}

template <typename At>
Key ServerNames(std::string path, At at, std::string doc) {
  auto set = [=](absl::string_view, absl::Span<const std::string> values, Config& config) -> absl::Status {
    std::vector<std::string> names;
    for (const std::string& value : values) {
      std::optional<std::string> name = ParseServerName(value);
      if (!name) return IsNot(value, kServerName);
      names.push_back(*std::move(name));
    }
    at(config) = std::move(names);
    return absl::OkStatus();
  };
  auto format = [=](const Config& config) -> std::string {
    auto quoted = [](std::string* out, const std::string& name) { *out += Quote(name); };
    return absl::StrCat("[", absl::StrJoin(at(config), ", ", quoted), "]");
  };
  return {.path = path,
          .shape = Key::Shape::kList,
          .form = "a list of names of servers",
          .doc = doc,
          .set = set,
          .format = format};
}

template <typename At>
Key FilesByServer(std::string path, At at, std::string doc) {
  auto set = [=](absl::string_view name, absl::Span<const std::string> values, Config& config) -> absl::Status {
    const std::optional<std::string> server = name.empty() ? "" : ParseServerName(name);
    if (!server) return IsNot(name, kServerName);
    // Only one spelling is accepted: two entries for one server would hide each other.
    if (*server != name) return absl::InvalidArgumentError(absl::StrCat("must be written ", Quote(*server)));
    if (values.front().empty()) return IsNot("", "the path of a file");
    at(config)[*server] = values.front();
    return absl::OkStatus();
  };
  auto format = [=](const Config& config) -> std::string {
    auto quoted = [](std::string* out, const auto& entry) {
      absl::StrAppend(out, Quote(entry.first), ": ", Quote(entry.second));
    };
    return absl::StrCat("{", absl::StrJoin(at(config), ", ", quoted), "}");
  };
  return {.path = path,
          .shape = Key::Shape::kMap,
          .form = "a map of files by the name of the server",
          .doc = doc,
          .set = set,
          .format = format};
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
          Time("server.spin", AT(server.spin), absl::ZeroDuration(), absl::Milliseconds(10),
               "How long an idle thread polls for work before it sleeps: more lowers latency and costs CPU."),
          Size("server.max_message_bytes", AT(server.max_message_bytes), 1 << 10, 64 << 20,
               "Largest request; a larger one is RESOURCE_EXHAUSTED."),
          Integer("server.max_concurrent_streams", AT(server.max_concurrent_streams), 1, 1000000,
                  "Calls at a time on one connection; clients queue the others."),
          Integer("server.max_connections", AT(server.max_connections), 0, 1000000,
                  "Connections of clients; more are closed at once. 0: no limit. Only with server.transport: h2."),
          Integer("server.max_connections_per_peer", AT(server.max_connections_per_peer), 0, 1000000,
                  "The same from one machine; 0: no separate limit."),
          Boolean("server.reflection", AT(server.reflection), "Whether tools such as grpcurl may list the services."),
          Choice<Transport>("server.transport", AT(server.transport),
                            {{"h2", Transport::kH2}, {"grpc", Transport::kGrpc}},
                            "What speaks gRPC with the clients: h2 is the gateway's own transport, grpc the server "
                            "of the gRPC library."),
          File("server.tls_cert_file", AT(server.tls_cert_file),
               "Certificate of the gateway and its chain, PEM; empty: clients connect without TLS."),
          File("server.tls_key_file", AT(server.tls_key_file), "Private key of the certificate, PEM."),
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

Section LogSection() {
  auto same = [](std::string word) { return std::pair(word, word); };
  return {
      "log",
      "The log: lines of JSON on standard error.",
      {
          Choice<std::string>("log.level", AT(log.level), {same("debug"), same("info"), same("warning"), same("error")},
                              "Lines below this level are left out."),
      }};
}

}  // namespace

std::vector<Section> Sections() {
  return {ServerSection(),      CallsSection(), SeeTheProSection(), WolkvoxSection(),
          IdempotencySection(), RedisSection(), EgressSection(),    LogSection()};
}

KeyIndex::KeyIndex(const std::vector<Section>& sections) : sections_(sections) {}

bool KeyIndex::IsSection(absl::string_view path) const {
  for (const Section& section : sections_) {
    if (section.name == path) return true;
  }
  return false;
}

const Key* KeyIndex::Find(absl::string_view path, std::string* name) const {
  for (const Section& section : sections_) {
    for (const Key& key : section.keys) {
      absl::string_view rest = path;
      if (!absl::ConsumePrefix(&rest, key.path)) continue;
      if (rest.empty()) return &key;
      if (key.shape != Key::Shape::kMap || !absl::ConsumePrefix(&rest, ".")) continue;
      if (name) *name = std::string(rest);
      return &key;
    }
  }
  return nullptr;
}

std::string KeyIndex::NearestTo(absl::string_view path) const {
  std::vector<std::string> paths;
  for (const Section& section : sections_) {
    paths.push_back(section.name);
    for (const Key& key : section.keys) paths.push_back(key.path);
  }
  return Nearest(path, paths);
}

std::string KeyIndex::Unknown(absl::string_view path) const {
  if (IsSection(path)) return "is a section of keys, not a key";
  const std::string nearest = NearestTo(path);
  return nearest.empty() ? "is not a key" : absl::StrCat("is not a key; did you mean ", nearest, "?");
}

std::string KeyIndex::UnknownVariable(absl::string_view variable) const {
  const absl::string_view name = absl::StripPrefix(variable, "INTERACTION_");
  const std::string path = absl::AsciiStrToLower(absl::StrReplaceAll(name, {{"__", "."}}));
  if (IsSection(path)) return "is a section of keys, not a key";
  const std::string nearest = NearestTo(path);
  const Key* const key = Find(nearest, nullptr);
  if (key == nullptr) return "is not the variable of a key; --print-config shows the keys";
  const bool is_map = key->shape == Key::Shape::kMap;
  return absl::StrCat("is not the variable of a key; did you mean ", EnvironmentName(nearest),
                      is_map ? "__<NAME>?" : "?");
}

std::string EnvironmentName(absl::string_view path) {
  return absl::StrCat("INTERACTION_", absl::AsciiStrToUpper(absl::StrReplaceAll(path, {{".", "__"}})));
}

}  // namespace interaction::config
