#pragma once

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "server/limits/shared_permits.h"
#include "server/redis/client.h"
#include "server/telemetry/log.h"

namespace interaction::limits {

struct RedisPermitsOptions {
  absl::Duration renew_every = absl::Seconds(1);
  // How long a Redis that came up empty gives no permits. Longer than all replicas need to reconnect and renew: the
  // client's max_backoff and connect_timeout, and renew_every.
  absl::Duration settle_in = absl::Seconds(5);
};

// Permits in Redis. The holders of a key are a sorted set at `sem:1:{<key in hex>}`: the member is the holder, the
// score the end of its lease in ms. Each step is one Lua script, so it is atomic, and uses Redis' clock: a replica
// whose clock is ahead would drop the others' leases, and one whose clock is behind would keep its own for too long.
//
// Exceeding an upstream's limit is the fault to avoid, so holders must not be forgotten. Every `renew_every`, each
// replica writes all that it holds, even beyond the limit, so that a Redis that lost its data learns it again. Until
// then an empty set proves nothing: the key `sem:1:born` says since when Redis has its data, and for `settle_in` after
// that the answer is kSettling. A first start looks the same and is treated the same. A failover to a replica that lags
// may still forget permits given in the last moment.
//
// Redis needs the policy noeviction, and must not be a cluster: the scripts use two keys, which a cluster refuses.
//
// `done` runs on the client's thread.
class RedisPermits final : public SharedPermits {
 public:
  // `client` and `logger` outlive this. Renewal starts at once and ends with this object.
  RedisPermits(const RedisPermitsOptions& options, redis::Client* client, telemetry::Logger* logger);
  ~RedisPermits() override;

  void TryAcquire(std::string key, std::string holder, int limit, absl::Duration lease,
                  absl::AnyInvocable<void(absl::StatusOr<Answer>) &&> done) override;

  void Hold(std::string key, std::string holder, absl::Duration lease) override;

  // Repeats a release that Redis does not confirm until the lease has ended. Call it when no TryAcquire of this holder
  // is pending; the holder's name must not be used again.
  void Release(std::string key, std::string holder) override;

  // Also runs by itself every `renew_every`.
  void Tell(absl::AnyInvocable<void(absl::Status) &&> done) override;

 private:
  class Table;
  class Telling;

  const std::shared_ptr<Table> table_;  // shared with callbacks that have yet to run
};

}  // namespace interaction::limits
