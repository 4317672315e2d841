#include "server/config/check.h"

#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "server/base/secret.h"
#include "server/config/callers.h"
#include "server/config/files.h"
#include "server/config/upstreams.h"
#include "server/config/values.h"

namespace interaction::config {
namespace {

constexpr size_t kMinDigestKey = 32;
constexpr size_t kMaxKeySet = 256 << 10;

class Checker {
 public:
  Checker(const Origins& origins, Problems* problems) : origins_(origins), problems_(problems) {}

  // `because`: the key that makes a default wrong; the report points to where that key was set.
  void Add(const std::string& path, absl::string_view what, const std::string& because = "") {
    const bool is_default = origins_.count(path) == 0 && !because.empty();
    problems_->Add(OriginOf(is_default ? because : path, origins_), path, what);
  }

  void Warn(const std::string& path, absl::string_view what) {
    problems_->AddWarning(OriginOf(path, origins_), path, what);
  }

  // Reports the key that was set: the other may be a default that the reader has never seen.
  void NotLonger(const std::string& path, absl::Duration value, const std::string& limit_path, absl::Duration limit) {
    if (value <= limit) return;
    if (origins_.count(path) != 0) {
      Add(path, absl::StrCat(FormatTime(value), " is longer than ", limit_path, ", ", FormatTime(limit)));
    } else {
      Add(limit_path, absl::StrCat(FormatTime(limit), " is shorter than ", path, ", ", FormatTime(value)));
    }
  }

  void File(const std::string& path, const std::string& file) {
    if (file.empty()) return;
    const absl::Status status = CheckReadable(file);
    if (!status.ok()) return Add(path, status.message());
    WarnIfOthersMayWrite(path, file);
  }

  Secret SecretFile(const std::string& path, const std::string& file) {
    absl::StatusOr<Secret> secret = ReadSecret(file);
    if (secret.ok()) {
      WarnIfOthersMayWrite(path, file);
      return *std::move(secret);
    }
    Add(path, secret.status().message());
    return Secret();
  }

 private:
  // Whoever can write a key or a list of authorities controls who the gateway is to the vendors and whom it trusts, so
  // write access for others is a mistake. Read access is not reported: Kubernetes mounts Secrets with 0644.
  void WarnIfOthersMayWrite(const std::string& path, const std::string& file) {
    const mode_t mode = ModeOf(file);
    if ((mode & (S_IWGRP | S_IWOTH)) == 0) return;
    problems_->AddWarning(
        OriginOf(path, origins_), path,
        absl::StrFormat("%s has mode %04o: users other than its owner may write to it; run chmod go-w", Quote(file),
                        mode & 07777));
  }

  const Origins& origins_;
  Problems* problems_;
};

void CheckUpstream(const ConfiguredUpstream& upstream, const Egress& egress, Checker* check) {
  const std::string& section = upstream.section;
  const std::string& base_url = upstream.base_url;
  if (!egress.allow_plaintext && absl::StartsWith(base_url, "http://")) {
    check->Add(section + ".base_url", "is http:// while egress.allow_plaintext is false; use https://");
  }
  if (absl::EndsWith(absl::StripSuffix(base_url, "/"), absl::StrCat("/", upstream.path))) {
    check->Add(section + ".base_url",
               absl::StrCat(Quote(base_url), " ends with ", upstream.path, ", which the gateway adds; remove it"));
  }
  check->NotLonger(section + ".connect_timeout", upstream.options.connect_timeout, section + ".max_deadline",
                   upstream.options.max_deadline);
  check->NotLonger(section + ".max_idle", upstream.options.max_idle, section + ".max_lifetime",
                   upstream.options.max_lifetime);
}

void CheckServers(const Wolkvox& wolkvox, Checker* check) {
  const auto& allowed = wolkvox.allowed_servers;
  auto is_allowed = [&](const std::string& server) {
    return server.empty() || allowed.empty() || std::count(allowed.begin(), allowed.end(), server) != 0;
  };
  if (!is_allowed(wolkvox.default_server)) {
    check->Add("wolkvox.default_server", Quote(wolkvox.default_server) + " is not one of wolkvox.allowed_servers");
  }
  for (const auto& [server, file] : wolkvox.token_files) {
    if (is_allowed(server)) continue;
    check->Add("wolkvox.token_files." + server, Quote(server) + " is not one of wolkvox.allowed_servers");
  }
}

// A certificate and its key: both or neither.
void CheckKeyPair(const std::string& cert_key, const std::string& cert, const std::string& key_key,
                  const std::string& key, Checker* check) {
  if (cert.empty() && !key.empty()) {
    check->Add(key_key, absl::StrCat("is set without ", cert_key, "; set both or neither"));
  }
  if (key.empty() && !cert.empty()) {
    check->Add(cert_key, absl::StrCat("is set without ", key_key, "; set both or neither"));
  }
  check->File(cert_key, cert);
  check->File(key_key, key);
}

bool ListensBeyondThisMachine(const std::string& listen) {
  if (absl::StartsWith(listen, "unix:")) return false;
  const std::string host = listen.substr(0, listen.rfind(':'));
  return host != "localhost" && host != "[::1]" && !absl::StartsWith(host, "127.");
}

void CheckTokens(const Callers& callers, const Egress& egress, Checker* check) {
  if (!callers.jwks_file.empty() && !callers.jwks_url.empty()) {
    check->Add("callers.jwks_url", "is set together with callers.jwks_file; set one of them");
  }
  if (!egress.allow_plaintext && absl::StartsWith(callers.jwks_url, "http://")) {
    check->Add("callers.jwks_url", "is http:// while egress.allow_plaintext is false; use https://");
  }
  const bool takes_tokens = !callers.jwks_file.empty() || !callers.jwks_url.empty();
  const std::string because = callers.jwks_file.empty() ? "callers.jwks_url" : "callers.jwks_file";
  if (takes_tokens && callers.token_issuer.empty()) {
    check->Add("callers.token_issuer", absl::StrCat("is empty while ", because, " is set; name the issuer (claim iss)"),
               because);
  }
  if (takes_tokens && callers.token_audience.empty()) {
    check->Add("callers.token_audience",
               absl::StrCat("is empty while ", because, " is set; otherwise tokens for other services would count"),
               because);
  }
}

// The keys by which callers say who they are, that are set.
std::vector<std::string> ProofKeys(const Config& config) {
  const Callers& callers = config.callers;
  std::vector<std::string> keys;
  if (!config.server.tls_client_ca_file.empty()) keys.push_back("server.tls_client_ca_file");
  if (!callers.api_keys_file.empty()) keys.push_back("callers.api_keys_file");
  if (!callers.jwks_file.empty()) keys.push_back("callers.jwks_file");
  if (!callers.jwks_url.empty()) keys.push_back("callers.jwks_url");
  if (!callers.forwarded_from.empty()) keys.push_back("callers.forwarded_from");
  return keys;
}

void CheckCallers(const Config& config, Checker* check) {
  const Server& server = config.server;
  if (!server.tls_client_ca_file.empty() && server.tls_cert_file.empty()) {
    check->Add("server.tls_client_ca_file",
               "is set without server.tls_cert_file: without TLS there are no certificates");
  }
  check->File("server.tls_client_ca_file", server.tls_client_ca_file);
  CheckTokens(config.callers, config.egress, check);
  const std::vector<std::string> proofs = ProofKeys(config);
  if (config.callers.policy_file.empty()) {
    for (const std::string& key : proofs) {
      check->Add(key, "is set without callers.policy_file, which says what callers may do");
    }
    if (!server.insecure && ListensBeyondThisMachine(server.listen)) {
      check->Add("server.listen",
                 absl::StrCat(Quote(server.listen),
                              " can be reached from other machines, and anybody there could call with the gateway's "
                              "credentials: set callers.policy_file, or listen on 127.0.0.1, or set server.insecure: "
                              "true if something else keeps others out"));
    }
    return;
  }
  if (proofs.empty()) {
    check->Add(
        "callers.policy_file",
        "is set, but nothing says who calls: set server.tls_client_ca_file, callers.jwks_file, callers.jwks_url, "
        "callers.api_keys_file or callers.forwarded_from");
  }
  const bool has_bearers =
      !config.callers.api_keys_file.empty() || !config.callers.jwks_file.empty() || !config.callers.jwks_url.empty();
  if (has_bearers && server.tls_cert_file.empty() && ListensBeyondThisMachine(server.listen)) {
    check->Warn(
        "server.tls_cert_file",
        "is empty: tokens and API keys cross the network in clear, unless something in front of the gateway ends "
        "TLS on this machine");
  }
}

void CheckAdmin(const Admin& admin, Checker* check) {
  check->File("admin.token_file", admin.token_file);
  CheckKeyPair("admin.tls_cert_file", admin.tls_cert_file, "admin.tls_key_file", admin.tls_key_file, check);
  if (admin.try_it && admin.token_file.empty()) {
    check->Add("admin.try_it",
               "true lets whoever reaches the admin port open interactions: set admin.token_file, so that only who has "
               "the token can");
  }
  const bool is_open = admin.token_file.empty() && !admin.insecure;
  if (admin.listen != "off" && is_open && ListensBeyondThisMachine(admin.listen)) {
    check->Add("admin.listen",
               absl::StrCat(Quote(admin.listen),
                            " can be reached from other machines, and anybody there could see who calls and what goes "
                            "wrong: set admin.token_file, or listen on 127.0.0.1, or set admin.insecure: true if "
                            "something else keeps others out"));
  }
}

void CheckEgress(const Egress& egress, Checker* check) {
  check->File("egress.ca_file", egress.ca_file);
  CheckKeyPair("egress.client_cert_file", egress.client_cert_file, "egress.client_key_file", egress.client_key_file,
               check);
}

void CheckRedis(const Config& config, Checker* check) {
  const Redis& redis = config.redis;
  const bool has_redis = redis.is_set();
  if (!redis.address.empty() && !redis.sentinels.empty()) {
    check->Add("redis.sentinels", "is set together with redis.address; set one of them");
  }
  if (redis.sentinels.empty() != redis.sentinel_primary.empty()) {
    const bool names_missing = redis.sentinels.empty();
    check->Add(names_missing ? "redis.sentinel_primary" : "redis.sentinels",
               names_missing ? "is set without redis.sentinels; set both or neither"
                             : "is set without redis.sentinel_primary; set both or neither");
  }
  if (redis.tls && absl::StartsWith(redis.address, "unix:")) {
    check->Add("redis.tls", "is true while redis.address is a Unix socket, which needs no TLS");
  }
  for (const auto& [path, file] : {std::pair("redis.tls_ca_file", &redis.tls_ca_file),
                                   std::pair("redis.tls_client_cert_file", &redis.tls_client_cert_file)}) {
    if (!redis.tls && !file->empty()) check->Add(path, "is set while redis.tls is false");
  }
  check->File("redis.tls_ca_file", redis.tls_ca_file);
  CheckKeyPair("redis.tls_client_cert_file", redis.tls_client_cert_file, "redis.tls_client_key_file",
               redis.tls_client_key_file, check);
  if (!has_redis && config.idempotency.store == RecordStore::kRedis) {
    check->Add("redis.address",
               "is empty while idempotency.store is redis; set it to host:port or unix:/path, or set redis.sentinels",
               "idempotency.store");
  }
  if (has_redis && config.redis.digest_key_file.empty()) {
    const std::string because = redis.address.empty() ? "redis.sentinels" : "redis.address";
    check->Add("redis.digest_key_file",
               absl::StrCat("is empty while ", because, " is set; name a file with 32 random characters"), because);
  }
  if (!config.redis.username.empty() && config.redis.password_file.empty()) {
    check->Add("redis.username", "is set without redis.password_file, so there would be no AUTH; set both or neither");
  }
  if (config.idempotency.require && config.idempotency.store == RecordStore::kNone) {
    check->Add("idempotency.require", "is true while idempotency.store is none, so every call would be refused",
               "idempotency.store");
  }
}

}  // namespace

void Check(const Config& config, const Origins& origins, Problems* problems) {
  Checker check(origins, problems);
  // Otherwise every restart would cut off calls that set no deadline, and their outcome would be unknown.
  check.NotLonger("calls.default_deadline", config.calls.default_deadline, "calls.drain_timeout",
                  config.calls.drain_timeout);
  for (const ConfiguredUpstream& upstream : Upstreams(config)) CheckUpstream(upstream, config.egress, &check);
  CheckServers(config.wolkvox, &check);
  CheckRedis(config, &check);
  CheckEgress(config.egress, &check);
  CheckKeyPair("server.tls_cert_file", config.server.tls_cert_file, "server.tls_key_file", config.server.tls_key_file,
               &check);
  CheckCallers(config, &check);
  CheckAdmin(config.admin, &check);
}

void ReadCallers(const Origins& origins, Config* config, Problems* problems) {
  Checker check(origins, problems);
  Callers& callers = config->callers;
  if (!callers.policy_file.empty()) callers.rules = ReadPolicy(callers.policy_file, problems);
  if (!callers.api_keys_file.empty()) callers.api_keys = ReadApiKeys(callers.api_keys_file, problems);
  if (!callers.jwks_file.empty()) {
    absl::StatusOr<std::string> key_set = ReadFile(callers.jwks_file, kMaxKeySet);
    if (!key_set.ok()) return check.Add("callers.jwks_file", key_set.status().message());
    callers.key_set = *std::move(key_set);
  }
}

void ReadSecrets(const Origins& origins, Config* config, Problems* problems) {
  Checker check(origins, problems);
  SeeThePro& seethepro = config->seethepro;
  if (!seethepro.app_access_key_file.empty()) {
    seethepro.app_access_key = check.SecretFile("seethepro.app_access_key_file", seethepro.app_access_key_file);
  }
  for (const auto& [server, file] : config->wolkvox.token_files) {
    config->wolkvox.tokens[server] = check.SecretFile("wolkvox.token_files." + server, file);
  }
  if (!config->admin.token_file.empty()) {
    config->admin.token = check.SecretFile("admin.token_file", config->admin.token_file);
  }
  Redis& redis = config->redis;
  if (!redis.password_file.empty()) {
    redis.password = check.SecretFile("redis.password_file", redis.password_file);
  }
  if (!redis.sentinel_password_file.empty()) {
    redis.sentinel_password = check.SecretFile("redis.sentinel_password_file", redis.sentinel_password_file);
  }
  if (!redis.digest_key_file.empty()) {
    redis.digest_key = check.SecretFile("redis.digest_key_file", redis.digest_key_file);
    if (!redis.digest_key.empty() && redis.digest_key.Reveal().size() < kMinDigestKey) {
      check.Add("redis.digest_key_file",
                absl::StrCat(Quote(redis.digest_key_file), " holds fewer than ", kMinDigestKey, " characters"));
    }
  }
}

}  // namespace interaction::config
