#include "server/config/check.h"

#include <algorithm>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/base/secret.h"
#include "server/config/files.h"
#include "server/config/values.h"

namespace interaction::config {
namespace {

constexpr size_t kMinDigestKey = 32;

class Checker {
 public:
  Checker(const Origins& origins, Problems* problems) : origins_(origins), problems_(problems) {}

  void Add(const std::string& path, absl::string_view what) {
    const auto origin = origins_.find(path);
    problems_->Add(origin == origins_.end() ? "default" : origin->second, path, what);
  }

  // Complains of the one that was set: the other one may be a default that its reader has never seen.
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
    if (!status.ok()) Add(path, status.message());
  }

  Secret SecretFile(const std::string& path, const std::string& file) {
    absl::StatusOr<Secret> secret = ReadSecret(file);
    if (secret.ok()) return *std::move(secret);
    Add(path, secret.status().message());
    return Secret();
  }

 private:
  const Origins& origins_;
  Problems* problems_;
};

void CheckUpstream(const std::string& section, const std::string& base_url, const Upstream& upstream,
                   const Egress& egress, Checker* check) {
  if (!egress.allow_plaintext && absl::StartsWith(base_url, "http://")) {
    check->Add(section + ".base_url", "is http:// while egress.allow_plaintext is false; use https://");
  }
  check->NotLonger(section + ".connect_timeout", upstream.connect_timeout, section + ".max_deadline",
                   upstream.max_deadline);
  check->NotLonger(section + ".max_idle", upstream.max_idle, section + ".max_lifetime", upstream.max_lifetime);
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

void CheckEgress(const Egress& egress, Checker* check) {
  if (egress.client_cert_file.empty() && !egress.client_key_file.empty()) {
    check->Add("egress.client_key_file", "is set without egress.client_cert_file; set both or neither");
  }
  if (egress.client_key_file.empty() && !egress.client_cert_file.empty()) {
    check->Add("egress.client_cert_file", "is set without egress.client_key_file; set both or neither");
  }
  check->File("egress.ca_file", egress.ca_file);
  check->File("egress.client_cert_file", egress.client_cert_file);
  check->File("egress.client_key_file", egress.client_key_file);
}

void CheckRedis(const Config& config, Checker* check) {
  const bool has_redis = !config.redis.address.empty();
  if (!has_redis && config.idempotency.store == RecordStore::kRedis) {
    check->Add("redis.address", "is empty while idempotency.store is redis; set it to host:port or unix:/path");
  }
  if (has_redis && config.redis.digest_key_file.empty()) {
    check->Add("redis.digest_key_file", "is empty while redis.address is set; name a file with 32 random characters");
  }
  if (config.idempotency.require && config.idempotency.store == RecordStore::kNone) {
    check->Add("idempotency.require", "is true while idempotency.store is none, so every call would be refused");
  }
}

}  // namespace

void Check(const Config& config, const Origins& origins, Problems* problems) {
  Checker check(origins, problems);
  // Otherwise calls that brought no deadline would be cut off at every restart, with nobody knowing what became of
  // them.
  check.NotLonger("calls.default_deadline", config.calls.default_deadline, "calls.drain_timeout",
                  config.calls.drain_timeout);
  CheckUpstream("seethepro", config.seethepro.base_url, config.seethepro.upstream, config.egress, &check);
  CheckUpstream("wolkvox", config.wolkvox.base_url, config.wolkvox.upstream, config.egress, &check);
  CheckServers(config.wolkvox, &check);
  CheckRedis(config, &check);
  CheckEgress(config.egress, &check);
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
  Redis& redis = config->redis;
  if (!redis.password_file.empty()) {
    redis.password = check.SecretFile("redis.password_file", redis.password_file);
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
