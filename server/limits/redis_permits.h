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
  // For how long a Redis that came up empty gives no permits. Longer than all replicas need to find it again and renew:
  // the client's max_backoff and connect_timeout, and renew_every.
  absl::Duration settle_in = absl::Seconds(5);
};

// Permits in Redis. The holders of a key are a sorted set at `sem:1:{<key in hex>}`: the member is the holder, the
// score the end of its lease in ms. Each step is one Lua script, so it is atomic, and takes the time from Redis: a
// replica whose clock is ahead would drop the others' leases, one that is behind would keep its own for too long.
//
// The limit is an upstream's, so forgetting a holder is the fault to avoid. A Redis that lost its data is told again:
// every `renew_every` each replica writes down all that it holds, whatever the limit. Until then an empty set means
// nothing; so a key `sem:1:born` tells since when Redis has its data, and for `settle_in` after that the answer is
// kSettling, on the very first start too: that looks the same. A failover to a replica that lags may still forget what
// was given in the last moment.
//
// Redis needs the policy noeviction, and one database for all: the scripts touch two keys, which a cluster refuses.
//
// `done` runs on the client's thread.
class RedisPermits final : public SharedPermits {
 public:
  // `client` and `logger` outlive the permits. Begins to renew at once, and ends with this object.
  RedisPermits(const RedisPermitsOptions& options, redis::Client* client, telemetry::Logger* logger);
  ~RedisPermits() override;

  void TryAcquire(std::string key, std::string holder, int limit, absl::Duration lease,
                  absl::AnyInvocable<void(absl::StatusOr<Answer>) &&> done) override;

  void Hold(std::string key, std::string holder, absl::Duration lease) override;

  // A release that Redis does not take is repeated until the lease has ended. Not while TryAcquire of this holder is
  // under way; the holder does not come back.
  void Release(std::string key, std::string holder) override;

  // Besides, this is done every `renew_every`.
  void Tell(absl::AnyInvocable<void(absl::Status) &&> done) override;

 private:
  class Table;
  class Telling;

  const std::shared_ptr<Table> table_;  // shared with callbacks on their way
};

}  // namespace interaction::limits
