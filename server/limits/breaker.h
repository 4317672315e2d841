#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/base/clock.h"
#include "server/telemetry/counters.h"

namespace interaction::limits {

// What the result of an exchange says about the upstream's health.
enum class Verdict {
  kSuccess,           // it answered: a yes, or a no that is about the request, the credential or a quota
  kTransportFailure,  // it could not be reached (name, connection, TLS), so nothing was sent
  kFailure,           // the outcome is unknown, or the upstream said 5xx
  kIgnored,           // nothing: the caller left or gave too little time, or the gateway itself refused or failed
};

Verdict Judge(const absl::Status& result_of_exchange);

struct BreakerOptions {
  int transport_failures = 5;  // in a row; opens
  double failure_ratio = 0.5;  // of at least `min_outcomes` within `window`; opens
  int min_outcomes = 20;
  absl::Duration window = absl::Seconds(10);     // counted in tenths
  absl::Duration first_open = absl::Seconds(5);  // doubles with each probe that fails,
  absl::Duration max_open = absl::Seconds(60);   // up to this;
  double jitter = 0.2;                           // more or less by up to this part
  int probes = 3;                                // at once, after a first single one succeeded
  size_t max_authorities = 1024;                 // of one upstream, that Breakers remembers
};

// Keeps calls away from an upstream that fails. Closed, it lets every call pass and watches; open, it refuses; then it
// lets single calls pass as probes (half-open) and closes when all of them succeed. Every call is somebody's: there are
// no synthetic probes, since every request creates something.
//
// Thread-safe; a lock of its own, held for some nanoseconds.
class Breaker {
 public:
  enum class State { kClosed, kOpen, kHalfOpen };

  // Told of every change, in order and therefore under the breaker's lock: be quick, and don't call the breaker.
  using Listener = std::function<void(State)>;

  // One call that may pass. Tell what came of it; a pass that is destroyed before counts as ignored. The breaker must
  // outlive it.
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

  // UPSTREAM_CIRCUIT_OPEN while open or while the probes are under way, with the time until the next probe in
  // RetryInfo.
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

  // With mutex_ held.
  void CountOutcome(Verdict verdict, SteadyTime now);
  void CountProbe(Verdict verdict, SteadyTime now);
  bool TooManyFailures(int64_t tick) const;
  void Open(SteadyTime now, absl::Duration open_for);
  void Enter(State state);

  // Whether it may be forgotten: it has seen nothing for a while. If so, its listener hears that it is closed.
  bool Retire(SteadyTime now);

  const BreakerOptions options_;
  const std::function<double()> random_;
  const Listener listener_;
  telemetry::Counters* const counters_;

  mutable std::mutex mutex_;
  // All below: guarded by mutex_.
  State state_ = State::kClosed;
  uint64_t epoch_ = 0;  // grows with each change; a pass of an earlier epoch does not count
  int transport_failures_ = 0;
  std::array<Bucket, kBuckets> buckets_;
  absl::Duration open_for_;
  SteadyTime open_until_ = 0;
  SteadyTime last_outcome_ = 0;
  int probes_under_way_ = 0;
  int probes_succeeded_ = 0;
};

// The breakers of all upstreams, one for each authority (host and port). Thread-safe.
class Breakers {
 public:
  // As Breaker::Listener, for all of them.
  using Listener = std::function<void(absl::string_view upstream, absl::string_view authority, Breaker::State)>;

  // `random` is called from any thread. `counters` may be null.
  Breakers(const BreakerOptions& options, std::function<double()> random, Listener listener,
           telemetry::Counters* counters);

  // Never null. Keep it for as long as the call's Pass. Authorities may depend on callers, so their number is bounded:
  // breakers that nobody uses and that saw nothing for a while make room; where there is none, the breaker is a new one
  // that is not remembered.
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
  std::mutex mutex_;
  absl::flat_hash_map<std::string, Upstream> upstreams_;  // guarded by mutex_
};

}  // namespace interaction::limits
