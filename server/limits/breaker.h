#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/base/clock.h"
#include "server/base/mutex.h"
#include "server/telemetry/counters.h"

namespace interaction::limits {

// What the result of an exchange says about the upstream's health.
enum class Verdict {
  kSuccess,           // it answered: it accepted, or refused because of the request, the credential or a quota
  kTransportFailure,  // it could not be reached (name, connection, TLS), so nothing was sent
  kFailure,           // the outcome is unknown, or the upstream said 5xx
  kIgnored,           // nothing: the caller left or allowed too little time, or the gateway itself refused or failed
};

Verdict Judge(const absl::Status& result_of_exchange);

struct BreakerOptions {
  int transport_failures = 5;  // in a row, to open
  double failure_ratio = 0.5;  // of at least `min_outcomes` within `window`, to open
  int min_outcomes = 20;
  absl::Duration window = absl::Seconds(10);     // counted in tenths
  absl::Duration first_open = absl::Seconds(5);  // doubles with each probe that fails
  absl::Duration max_open = absl::Seconds(60);   // up to this
  double jitter = 0.2;                           // longer or shorter by up to this fraction
  int probes = 3;                                // at a time, after a first one has succeeded
  size_t max_authorities = 1024;                 // that Breakers remembers, of one upstream
};

// Stops calls to an upstream that fails. Closed, it lets every call pass and watches the results; open, it refuses
// calls; after a while it lets single calls pass as probes (half-open) and closes if all of them succeed. Probes are
// always calls of callers, never made up, since every request creates something.
//
// Thread-safe: it has its own lock, held for a few nanoseconds.
class Breaker {
 public:
  enum class State { kClosed, kOpen, kHalfOpen };

  // Called at every change of state, in order and therefore with the breaker's lock held: be quick, and do not call the
  // breaker.
  using Listener = std::function<void(State)>;

  // Permission for one call. Report its result; a pass that is destroyed without a report counts as ignored. The
  // breaker must outlive it.
  class Pass {
   public:
    Pass(Pass&& other) noexcept : breaker_(std::exchange(other.breaker_, nullptr)), epoch_(other.epoch_) {}
    Pass& operator=(Pass&&) = delete;
    ~Pass();

    // At most once.
    void Record(const absl::Status& result_of_exchange, SteadyTime now);

   private:
    friend class Breaker;
    Pass(Breaker* breaker, uint64_t epoch) : breaker_(breaker), epoch_(epoch) {}

    Breaker* breaker_;
    const uint64_t epoch_;
  };

  // `random`: uniform in [0, 1). `listener` may be empty, `counters` null.
  Breaker(const BreakerOptions& options, std::function<double()> random, Listener listener,
          telemetry::Counters* counters);

  // UPSTREAM_CIRCUIT_OPEN while it is open or the probes are in flight; RetryInfo says when the next probe is due.
  absl::StatusOr<Pass> Admit(SteadyTime now);

  State state() const;

 private:
  friend class Breakers;

  struct Bucket {
    int64_t tick = -1;
    int outcomes = 0;
    int failures = 0;
  };
  static constexpr int kBuckets = 10;

  void Record(uint64_t epoch, Verdict verdict, SteadyTime now);

  void CountOutcome(Verdict verdict, SteadyTime now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void CountProbe(Verdict verdict, SteadyTime now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool TooManyFailures(int64_t tick) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Open(SteadyTime now, absl::Duration open_for) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Enter(State state) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Whether it may be forgotten because it has seen nothing for a while. If so, the listener is told that it is closed.
  bool Retire(SteadyTime now);

  const BreakerOptions options_;
  const std::function<double()> random_;
  const Listener listener_;
  telemetry::Counters* const counters_;

  mutable Mutex mutex_;
  State state_ ABSL_GUARDED_BY(mutex_) = State::kClosed;
  uint64_t epoch_ ABSL_GUARDED_BY(mutex_) =
      0;  // grows with each change; the result of a pass from an earlier epoch does not count
  int transport_failures_ ABSL_GUARDED_BY(mutex_) = 0;
  std::array<Bucket, kBuckets> buckets_ ABSL_GUARDED_BY(mutex_);
  absl::Duration open_for_ ABSL_GUARDED_BY(mutex_);
  SteadyTime open_until_ ABSL_GUARDED_BY(mutex_) = 0;
  SteadyTime last_outcome_ ABSL_GUARDED_BY(mutex_) = 0;
  int probes_under_way_ ABSL_GUARDED_BY(mutex_) = 0;
  int probes_succeeded_ ABSL_GUARDED_BY(mutex_) = 0;
};

// "closed", "open" or "half-open".
absl::string_view BreakerStateName(Breaker::State state);

// The breakers of all upstreams, one for each authority (host and port). Thread-safe.
class Breakers {
 public:
  // Like Breaker::Listener, for all breakers.
  using Listener = std::function<void(absl::string_view upstream, absl::string_view authority, Breaker::State)>;

  // `random` is called from any thread. `counters` may be null.
  Breakers(const BreakerOptions& options, std::function<double()> random, Listener listener,
           telemetry::Counters* counters);

  struct BreakerState {
    std::string upstream;
    std::string authority;
    Breaker::State state;
  };
  // Of all breakers that are remembered, in no order.
  std::vector<BreakerState> Snapshot() const;

  // Never null. Keep it as long as the call's Pass. Callers may choose authorities, so their number is limited:
  // breakers that are unused and have seen nothing for a while are dropped. If there is still no room, the result is a
  // new breaker that is not remembered.
  std::shared_ptr<Breaker> Find(absl::string_view upstream, absl::string_view authority, SteadyTime now);

 private:
  struct Upstream {
    absl::flat_hash_map<std::string, std::shared_ptr<Breaker>> by_authority;
    SteadyTime next_sweep = 0;
  };

  bool HasRoom(Upstream& upstream, SteadyTime now) const;
  std::shared_ptr<Breaker> MakeBreaker(Breaker::Listener listener) const;

  const BreakerOptions options_;
  const std::function<double()> random_;
  const Listener listener_;
  telemetry::Counters* const counters_;
  mutable Mutex mutex_;
  absl::flat_hash_map<std::string, Upstream> upstreams_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace interaction::limits
