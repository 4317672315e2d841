#include "server/limits/retry.h"

#include <algorithm>

#include "server/base/errors.h"
#include "server/base/mutex.h"

namespace interaction::limits {
namespace {

std::optional<absl::Duration> BackOff(const RetryOptions& options, int attempts, double random) {
  if (attempts > options.connect_retries) return std::nullopt;
  absl::Duration bound = options.first_backoff;
  for (int i = 1; i < attempts && bound < options.max_backoff; ++i) bound *= 2;
  // Full jitter, so that calls that failed together do not retry together.
  return random * std::min(bound, options.max_backoff);
}

std::optional<absl::Duration> WaitForConcurrency(const RetryOptions& options, int attempts, double random) {
  if (attempts > options.concurrency_retries) return std::nullopt;
  return options.min_concurrency_wait + random * (options.max_concurrency_wait - options.min_concurrency_wait);
}

std::optional<absl::Duration> WaitAsTold(const RetryOptions& options, const ErrorDetails& details, int attempts,
                                         double random) {
  if (attempts > options.told_retries || !details.upstream_chose_retry_after) return std::nullopt;
  return *details.retry_after * (1 + options.told_jitter * random);
}

std::optional<absl::Duration> WaitAfter(const absl::Status& error, const RetryOptions& options, int attempts,
                                        double random) {
  const ErrorDetails details = GetErrorDetails(error);
  if (details.outcome != Outcome::kNotApplied) return std::nullopt;
  switch (details.reason) {
    case Reason::kUpstreamTlsFailed:
      // Any other code: one side rejected the other's terms, and would again.
      if (error.code() != absl::StatusCode::kUnavailable) return std::nullopt;
      [[fallthrough]];
    case Reason::kUpstreamDnsFailure:
    case Reason::kUpstreamConnectFailed:
      return BackOff(options, attempts, random);
    case Reason::kUpstreamConcurrencyLimit:
      return WaitForConcurrency(options, attempts, random);
    case Reason::kUpstreamUnavailable:
    case Reason::kUpstreamRateLimited:
      return WaitAsTold(options, details, attempts, random);
    default:
      return std::nullopt;
  }
}

}  // namespace

std::optional<absl::Duration> RetryPolicy::Next(const absl::Status& error, int attempts, absl::Duration time_left,
                                                double random) const {
  const std::optional<absl::Duration> wait = WaitAfter(error, options_, attempts, random);
  if (wait && time_left - *wait < options_.min_time_left) return std::nullopt;
  return wait;
}

RetryBudget::Call::~Call() {
  if (budget_) budget_->End(*this);
}

bool RetryBudget::Call::MayRetry() {
  const bool allowed = !caller_retries_ && budget_->Allow(*this);
  if (budget_->counters_) {
    budget_->counters_->Add(allowed ? telemetry::Counter::kRetries : telemetry::Counter::kRetriesWithheld);
  }
  return allowed;
}

RetryBudget::RetryBudget(const RetryBudgetOptions& options, telemetry::Counters* counters)
    : options_(options),
      full_(options.max_tokens * options.successes_for_a_token),
      counters_(counters),
      tokens_(full_) {}

RetryBudget::Call RetryBudget::Begin(bool caller_retries) {
  const MutexLock lock(&mutex_);
  ++in_flight_;
  return Call(this, caller_retries);
}

bool RetryBudget::Allow(Call& call) {
  const MutexLock lock(&mutex_);
  tokens_ = std::max(tokens_ - options_.successes_for_a_token, 0);
  if (2 * tokens_ <= full_) return false;
  if (call.retrying_) return true;
  if (retrying_ >= std::max<double>(options_.min_retries, options_.retry_ratio * in_flight_)) return false;
  ++retrying_;
  call.retrying_ = true;
  return true;
}

void RetryBudget::End(const Call& call) {
  const MutexLock lock(&mutex_);
  --in_flight_;
  if (call.retrying_) --retrying_;
  if (call.succeeded_) tokens_ = std::min(tokens_ + 1, full_);
}

}  // namespace interaction::limits
