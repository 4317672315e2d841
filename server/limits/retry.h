#pragma once

#include <mutex>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/telemetry/counters.h"

namespace interaction::limits {

struct RetryOptions {
  // Of a call, besides its first attempt.
  int connect_retries = 2;      // the upstream could not be reached
  int concurrency_retries = 2;  // the upstream counts too many requests of the credential
  int told_retries = 1;         // the upstream said when to come again

  absl::Duration first_backoff = absl::Milliseconds(50);  // upper bound of the first wait; doubles,
  absl::Duration max_backoff = absl::Seconds(1);          // up to this
  absl::Duration min_concurrency_wait = absl::Milliseconds(200);
  absl::Duration max_concurrency_wait = absl::Milliseconds(800);
  double told_jitter = 0.1;                               // longer than told by up to this part
  absl::Duration min_time_left = absl::Milliseconds(50);  // after the wait; otherwise it is not worth it
};

// Whether and when a failed attempt is followed by another one. Only where surely nothing was opened, and only where
// the next attempt has a chance: docs/errors.md says of which reasons. Pure.
class RetryPolicy {
 public:
  explicit RetryPolicy(const RetryOptions& options) : options_(options) {}

  // The wait before the next attempt, or nothing. `attempts`: made so far, the failed one included. `time_left`: up to
  // the call's deadline. `random`: uniform in [0, 1).
  std::optional<absl::Duration> Next(const absl::Status& error, int attempts, absl::Duration time_left,
                                     double random) const;

 private:
  RetryOptions options_;
};

struct RetryBudgetOptions {
  int min_retries = 3;       // calls that may be retrying at once,
  double retry_ratio = 0.2;  // or this part of those in flight if that is more
  int max_tokens = 10;       // a failed attempt takes one; at half or less there are no retries
  int successes_for_a_token = 10;
};

// Keeps retries from multiplying the load on an upstream in trouble: a part of the calls in flight (as Envoy's retry
// budget) and a throttle by failures and successes (as gRPC's, proposal A6). One for each upstream. Thread-safe.
class RetryBudget {
 public:
  // One call, from its first attempt to its end; used by one thread at a time. The budget must outlive it.
  class Call {
   public:
    Call(Call&& other) noexcept
        : budget_(std::exchange(other.budget_, nullptr)),
          caller_retries_(other.caller_retries_),
          retrying_(other.retrying_),
          succeeded_(other.succeeded_) {}
    Call& operator=(Call&&) = delete;
    ~Call();

    // An attempt failed in a way that the policy would retry: whether the budget allows it.
    bool MayRetry();

    // An attempt succeeded.
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

  // `caller_retries`: the call is itself a retry (grpc-previous-rpc-attempts is 1 or more). It gets none here, so that
  // retries of two places don't multiply.
  Call Begin(bool caller_retries);

 private:
  bool Allow(Call& call);
  void End(const Call& call);

  const RetryBudgetOptions options_;
  const int full_;  // tokens are counted in parts, one a success
  telemetry::Counters* const counters_;
  std::mutex mutex_;
  int in_flight_ = 0;  // guarded by mutex_
  int retrying_ = 0;   // guarded by mutex_
  int tokens_;         // guarded by mutex_
};

}  // namespace interaction::limits
