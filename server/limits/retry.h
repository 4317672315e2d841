#pragma once

#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/base/mutex.h"
#include "server/telemetry/counters.h"

namespace interaction::limits {

struct RetryOptions {
  // Further attempts of a call.
  int connect_retries = 2;      // the upstream could not be reached
  int concurrency_retries = 2;  // the upstream counts too many requests of the credential
  int told_retries = 1;         // the upstream said when to retry

  absl::Duration first_backoff = absl::Milliseconds(50);  // upper bound of the first wait; doubles
  absl::Duration max_backoff = absl::Seconds(1);          // up to this
  absl::Duration min_concurrency_wait = absl::Milliseconds(200);
  absl::Duration max_concurrency_wait = absl::Milliseconds(800);
  double told_jitter = 0.1;                               // longer than the upstream said by up to this fraction
  absl::Duration min_time_left = absl::Milliseconds(50);  // after the wait; otherwise it is not worth it
};

// Decides whether and when a failed attempt is followed by another: only if certainly nothing was opened, and only if
// the next attempt may succeed. docs/errors.md lists the reasons. Pure functions.
class RetryPolicy {
 public:
  explicit RetryPolicy(const RetryOptions& options) : options_(options) {}

  // The wait before the next attempt, or nothing if there is to be none. `attempts` counts those made so far, the
  // failed one included; `time_left` is the time to the call's deadline; `random` is uniform in [0, 1).
  std::optional<absl::Duration> Next(const absl::Status& error, int attempts, absl::Duration time_left,
                                     double random) const;

 private:
  RetryOptions options_;
};

struct RetryBudgetOptions {
  int min_retries = 3;       // calls that may be retrying at a time
  double retry_ratio = 0.2;  // or this fraction of those in flight, if that is more
  int max_tokens = 10;       // a failed attempt takes one; with half of them or fewer left, there are no retries
  int successes_for_a_token = 10;
};

// Keeps retries from multiplying the load on an upstream in trouble: at most a fraction of the calls in flight may
// retry (as in Envoy's retry budget), and failures throttle retries (as in gRPC, proposal A6). One for each upstream.
// Thread-safe.
class RetryBudget {
 public:
  // One call, from its first attempt to its end. Used by one thread at a time; the budget must outlive it.
  class Call {
   public:
    Call(Call&& other) noexcept
        : budget_(std::exchange(other.budget_, nullptr)),
          caller_retries_(other.caller_retries_),
          retrying_(other.retrying_),
          succeeded_(other.succeeded_) {}
    Call& operator=(Call&&) = delete;
    ~Call();

    // Reports an attempt that failed and that the policy would retry. Returns whether the budget allows a retry.
    bool MayRetry();

    // Reports an attempt that succeeded.
    void Succeed() { succeeded_ = true; }

   private:
    friend class RetryBudget;
    Call(RetryBudget* budget, bool caller_retries) : budget_(budget), caller_retries_(caller_retries) {}

    RetryBudget* budget_;
    const bool caller_retries_;
    bool retrying_ = false;
    bool succeeded_ = false;
  };

  // `counters` may be null.
  RetryBudget(const RetryBudgetOptions& options, telemetry::Counters* counters);

  // `caller_retries`: the call is itself a retry (grpc-previous-rpc-attempts is 1 or more). It is not retried here, so
  // that retries at two levels do not multiply.
  Call Begin(bool caller_retries);

 private:
  bool Allow(Call& call);
  void End(const Call& call);

  const RetryBudgetOptions options_;
  const int full_;  // counted in fractions of a token: a success adds one fraction
  telemetry::Counters* const counters_;
  Mutex mutex_;
  int in_flight_ ABSL_GUARDED_BY(mutex_) = 0;
  int retrying_ ABSL_GUARDED_BY(mutex_) = 0;
  int tokens_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace interaction::limits
