#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/base/clock.h"
#include "server/call/admission.h"
#include "server/call/breaker.h"
#include "server/call/digest.h"
#include "server/call/errand_runner.h"
#include "server/call/idempotency.h"
#include "server/call/permits.h"
#include "server/call/record_store.h"
#include "server/call/redis_record_store.h"
#include "server/call/retry.h"
#include "server/call/shared_permits.h"
#include "server/config/config.h"
#include "server/redis/client.h"
#include "server/rpc/translated_method.h"
#include "server/telemetry/counters.h"
#include "server/telemetry/log.h"

namespace interaction::app {

// What calls pass between the RPC and the upstream, apart from the lanes: built from the configuration, shared by all
// lanes, in the order of its members. Outlives the lanes.
class CallStages {
 public:
  // Told of each change of a breaker, on any thread; must be quick.
  using BreakerListener =
      std::function<void(absl::string_view upstream, absl::string_view authority, call::Breaker::State)>;

  // `clock` and `log` (may be null) outlive the stages.
  static absl::StatusOr<std::unique_ptr<CallStages>> Create(const config::Config& config, const Clock* clock,
                                                            telemetry::Logger* log, BreakerListener listener);

  rpc::Stages stages();
  const call::Guards* seethepro() const { return &seethepro_.guards; }
  const call::Guards* wolkvox() const { return &wolkvox_.guards; }
  // Waits, up to `timeout`, until the store has taken the results of all calls. When no call is in flight.
  void WaitUntilSettled(absl::Duration timeout) const;

  const call::Admission& admission() const { return admission_; }
  telemetry::Counters& counters() { return counters_; }

 private:
  // What one upstream has of its own.
  struct Upstream {
    std::unique_ptr<call::RetryBudget> retry_budget;
    std::unique_ptr<call::Permits> permits;  // null: no limit
    call::Guards guards;
  };

  CallStages(const config::Config& config, const Clock* clock, telemetry::Logger* log);

  absl::Status ConnectRedis(const config::Config& config);
  void MakeStore(const config::Config& config);
  void MakeUpstream(const config::Config& config, const std::string& name, const config::Upstream& options,
                    Upstream* upstream);

  const Clock* const clock_;
  telemetry::Logger* const log_;
  const std::string instance_;  // a name that no other process has
  const call::KeyedDigest digest_;
  telemetry::Counters counters_;
  call::Admission admission_;
  std::unique_ptr<redis::Client> redis_;                   // null: not configured
  std::unique_ptr<call::SharedPermits> shared_permits_;    // null: no Redis
  std::unique_ptr<call::RecordStore> records_;             // null: none kept
  const call::RedisRecordStore* redis_records_ = nullptr;  // the same, if it is in Redis
  std::unique_ptr<call::Idempotency> idempotency_;         // likewise
  std::unique_ptr<call::Breakers> breakers_;               // null: off
  Upstream seethepro_;
  Upstream wolkvox_;
};

}  // namespace interaction::app
