#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "server/app/snapshot.h"
#include "server/base/clock.h"
#include "server/config/config.h"
#include "server/limits/admission.h"
#include "server/limits/breaker.h"
#include "server/limits/permits.h"
#include "server/limits/retry.h"
#include "server/limits/shared_permits.h"
#include "server/limits/upstream_limits.h"
#include "server/records/digest.h"
#include "server/records/memory_record_store.h"
#include "server/records/once.h"
#include "server/records/record_store.h"
#include "server/records/redis_record_store.h"
#include "server/redis/client.h"
#include "server/rpc/handle.h"
#include "server/telemetry/counters.h"
#include "server/telemetry/log.h"
#include "server/tls/client_context.h"

namespace interaction::app {

// State that all calls share, on all lanes and for all snapshots of an upstream: limits, records, counters, the
// connection to Redis. Built from the configuration, in the order of its members. Outlives the lanes.
class Resources {
 public:
  // Called at each change of a breaker, on any thread; must be quick.
  using BreakerListener =
      std::function<void(absl::string_view upstream, absl::string_view authority, limits::Breaker::State)>;

  // `clock` and `log` (may be null) outlive this. `redis_tls`: null without redis.tls.
  static absl::StatusOr<std::unique_ptr<Resources>> Create(const config::Config& config, const Clock* clock,
                                                           telemetry::Logger* log,
                                                           std::shared_ptr<const tls::ClientContext> redis_tls,
                                                           BreakerListener listener);

  // Uniform in [0, 1), on any thread. For spreading retries and probes, not for secrets.
  static double Random();
  // Likewise 64 bits, for the ids of spans.
  static uint64_t RandomBits();

  rpc::Handling handling() { return {.admission = &admission_, .once = once_.get(), .digest = &digest_}; }
  const limits::UpstreamLimits* seethepro() const { return &seethepro_.limits; }
  const limits::UpstreamLimits* wolkvox() const { return &wolkvox_.limits; }
  // Waits, up to `timeout`, until the record store has saved the results of all calls. Call it when no call is in
  // flight.
  void WaitUntilSettled(absl::Duration timeout) const;

  // Connections to Redis that are made from now on use these credentials; `tls` may be null.
  void UseRedisCredentials(const config::Config& config, std::shared_ptr<const tls::ClientContext> tls);

  // Whether Redis is connected; nothing without Redis.
  std::optional<bool> redis_connected() const;

  // Adds what the resources hold to the snapshot.
  void Describe(Snapshot* snapshot) const;

  const limits::Admission& admission() const { return admission_; }
  telemetry::Counters& counters() { return counters_; }

 private:
  // The state of one upstream.
  struct Upstream {
    std::unique_ptr<limits::RetryBudget> retry_budget;
    std::unique_ptr<limits::Permits> permits;  // null: no limit
    limits::UpstreamLimits limits;
  };

  Resources(const config::Config& config, const Clock* clock, telemetry::Logger* log);

  absl::Status ConnectRedis(const config::Config& config, std::shared_ptr<const tls::ClientContext> tls);
  void MakeStore(const config::Config& config);
  void MakeUpstream(const config::Config& config, const std::string& name, const config::Upstream& options,
                    Upstream* upstream);

  const Clock* const clock_;
  telemetry::Logger* const log_;
  const std::string instance_;  // a name that is unique among processes
  const records::KeyedDigest digest_;
  telemetry::Counters counters_;
  limits::Admission admission_;
  std::unique_ptr<redis::Client> redis_;                        // null: not configured
  std::unique_ptr<limits::SharedPermits> shared_permits_;       // null: no Redis
  std::unique_ptr<records::RecordStore> records_;               // null: no records
  const records::RedisRecordStore* redis_records_ = nullptr;    // the same store, if it is in Redis
  const records::MemoryRecordStore* memory_records_ = nullptr;  // or in memory
  std::unique_ptr<records::Once> once_;                         // likewise
  std::unique_ptr<limits::Breakers> breakers_;                  // null: off
  Upstream seethepro_;
  Upstream wolkvox_;
};

}  // namespace interaction::app
