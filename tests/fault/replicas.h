#pragma once

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/integration/server_process.h"
#include "tests/support/redis_server.h"
#include "tests/support/temp_dir.h"

namespace interaction::testing {

// Replicas in processes of their own that share a Redis, in front of one upstream:
//
//   const Replicas replicas(redis, upstream.url());
//   const ServerProcess one = replicas.Start();
//   const ServerProcess other = replicas.Start();
class Replicas {
 public:
  // `settings` as for --set, of all replicas. The timeout of Redis is long, so that only those tests depend on time
  // that set another.
  Replicas(const RedisServer& redis, const std::string& upstream_url, const std::vector<std::string>& settings = {})
      : settings_(With(With(SettingsFor(upstream_url, upstream_url),
                            {"idempotency.store=redis", "redis.replicas=2", "redis.timeout=5s",
                             absl::StrCat("redis.address=unix:", redis.client_options().socket_path),
                             absl::StrCat("redis.digest_key_file=", dir_.Write("digest-key", std::string(32, 'k')))}),
                       settings)) {}

  ServerProcess Start(const SubprocessOptions& options = {}) const { return ServerProcess(settings_, options); }

 private:
  const TempDir dir_;
  const std::vector<std::string> settings_;
};

}  // namespace interaction::testing
