#include "server/limits/breaker.h"

#include <algorithm>

#include "server/base/errors.h"
#include "server/base/mutex.h"

namespace interaction::limits {
namespace {

// The wait suggested to a refused call while probes are in flight, because their end is not known.
constexpr absl::Duration kWhileProbing = absl::Seconds(1);
// How often to look for breakers to drop, which visits all of an upstream's.
constexpr absl::Duration kBetweenSweeps = absl::Seconds(1);

}  // namespace

Verdict Judge(const absl::Status& result_of_exchange) {
  if (result_of_exchange.ok()) return Verdict::kSuccess;
  const ErrorDetails details = GetErrorDetails(result_of_exchange);
  switch (details.reason) {
    case Reason::kUnknownMethod:
    case Reason::kMalformedRequest:
    case Reason::kUnsupportedEncoding:
    case Reason::kMessageTooLarge:
    case Reason::kInvalidRequest:
    case Reason::kCallerCredentialsForbidden:
    case Reason::kCallerUnauthenticated:
    case Reason::kCallerKeysUnavailable:
    case Reason::kCallerNotAllowed:
    case Reason::kCallerRateLimited:
    case Reason::kMetadataTooLarge:
    case Reason::kRequestIdUnsupported:
    case Reason::kRequestIdReused:
    case Reason::kRequestInProgress:
    case Reason::kOutcomeUnknown:
    case Reason::kOverloaded:
    case Reason::kServerDraining:
    case Reason::kDeadlineBeforeSend:
    case Reason::kCancelledBeforeSend:
    case Reason::kCancelledAfterSend:
    case Reason::kLocalResource:
    case Reason::kIdempotencyStoreUnavailable:
    case Reason::kIdempotencyStoreFull:
    case Reason::kIdempotencyLeaseExpired:
    case Reason::kUpstreamCircuitOpen:
    case Reason::kInternalError:
    // A problem for the gateway's operator to solve; refusing calls would only hide it.
    case Reason::kEgressAddressForbidden:
    case Reason::kEgressTlsConfig:
    case Reason::kEgressProxyAuth:
      return Verdict::kIgnored;
    case Reason::kUpstreamDnsFailure:
    case Reason::kUpstreamDnsTimeout:
    case Reason::kUpstreamConnectFailed:
    case Reason::kUpstreamConnectTimeout:
    case Reason::kUpstreamTlsVerifyFailed:
    case Reason::kUpstreamTlsFailed:
    case Reason::kEgressProxyFailed:
      // It was the call's own time that ran out.
      if (result_of_exchange.code() == absl::StatusCode::kDeadlineExceeded) return Verdict::kIgnored;
      return Verdict::kTransportFailure;
    case Reason::kUpstreamUnimplemented:  // 501 and 505
    case Reason::kUpstreamUnavailable:    // 503
      return Verdict::kFailure;
    case Reason::kUpstreamConnectionLost:
    case Reason::kUpstreamTimeout:
    case Reason::kUpstreamTruncated:
    case Reason::kUpstreamProtocolError:
    case Reason::kUpstreamResponseTooLarge:
    case Reason::kUpstreamMalformedResponse:
    case Reason::kUpstreamRedirect:
    case Reason::kUpstreamRejectedArgument:
    case Reason::kUpstreamCredentialsRejected:
    case Reason::kUpstreamPermissionDenied:
    case Reason::kUpstreamEndpointNotFound:
    case Reason::kUpstreamNotFound:
    case Reason::kUpstreamContractMismatch:
    case Reason::kUpstreamRequestTimeout:
    case Reason::kUpstreamConflict:
    case Reason::kUpstreamPrecondition:
    case Reason::kUpstreamPayloadTooLarge:
    case Reason::kUpstreamRateLimited:
    case Reason::kUpstreamRejected:
    case Reason::kUpstreamInternalError:
    case Reason::kUpstreamBadGateway:
    case Reason::kUpstreamGatewayTimeout:
    case Reason::kUpstreamDailyQuota:
    case Reason::kUpstreamConcurrencyLimit:
    case Reason::kUpstreamMaintenance:
    case Reason::kUpstreamContradictory:
      return details.outcome == Outcome::kUnknown ? Verdict::kFailure : Verdict::kSuccess;
  }
  return Verdict::kIgnored;
}

Breaker::Pass::~Pass() {
  if (breaker_) breaker_->Record(epoch_, Verdict::kIgnored, 0);
}

void Breaker::Pass::Record(const absl::Status& result_of_exchange, SteadyTime now) {
  std::exchange(breaker_, nullptr)->Record(epoch_, Judge(result_of_exchange), now);
}

Breaker::Breaker(const BreakerOptions& options, std::function<double()> random, Listener listener,
                 telemetry::Counters* counters)
    : options_(options), random_(std::move(random)), listener_(std::move(listener)), counters_(counters) {}

absl::StatusOr<Breaker::Pass> Breaker::Admit(SteadyTime now) {
  absl::Duration wait = kWhileProbing;
  {
    const MutexLock lock(&mutex_);
    if (state_ == State::kOpen && now >= open_until_) Enter(State::kHalfOpen);
    switch (state_) {
      case State::kClosed:
        return Pass(this, epoch_);
      case State::kOpen:
        wait = absl::Nanoseconds(open_until_ - now);
        break;
      case State::kHalfOpen:
        const int places = probes_succeeded_ == 0 ? 1 : 1 + options_.probes - probes_succeeded_;
        if (probes_under_way_ < places) {
          ++probes_under_way_;
          return Pass(this, epoch_);
        }
    }
  }
  if (counters_) counters_->Add(telemetry::Counter::kBreakerRefused);
  return Error(Reason::kUpstreamCircuitOpen).In(Phase::kQueue).WithRetryAfter(wait).ToStatus();
}

Breaker::State Breaker::state() const {
  const MutexLock lock(&mutex_);
  return state_;
}

void Breaker::Record(uint64_t epoch, Verdict verdict, SteadyTime now) {
  const MutexLock lock(&mutex_);
  if (epoch != epoch_) return;
  if (state_ == State::kHalfOpen) {
    CountProbe(verdict, now);
  } else if (verdict != Verdict::kIgnored) {
    CountOutcome(verdict, now);
  }
}

void Breaker::CountOutcome(Verdict verdict, SteadyTime now) {
  last_outcome_ = now;
  const int64_t tick = now / absl::ToInt64Nanoseconds(options_.window / kBuckets);
  Bucket& bucket = buckets_[tick % kBuckets];
  // Another lane may have read a later time and been here first: the result then counts in the newer bucket.
  if (bucket.tick < tick) bucket = {.tick = tick};
  ++bucket.outcomes;
  transport_failures_ = verdict == Verdict::kTransportFailure ? transport_failures_ + 1 : 0;
  if (verdict == Verdict::kSuccess) return;
  ++bucket.failures;
  if (transport_failures_ >= options_.transport_failures || TooManyFailures(tick)) Open(now, options_.first_open);
}

void Breaker::CountProbe(Verdict verdict, SteadyTime now) {
  --probes_under_way_;
  if (verdict == Verdict::kIgnored) return;
  if (verdict != Verdict::kSuccess) {
    Open(now, std::min(2 * open_for_, options_.max_open));
  } else if (++probes_succeeded_ > options_.probes) {
    Enter(State::kClosed);
  }
}

bool Breaker::TooManyFailures(int64_t tick) const {
  int outcomes = 0;
  int failures = 0;
  for (const Bucket& bucket : buckets_) {
    if (bucket.tick <= tick - kBuckets) continue;
    outcomes += bucket.outcomes;
    failures += bucket.failures;
  }
  return outcomes >= options_.min_outcomes && failures >= options_.failure_ratio * outcomes;
}

void Breaker::Open(SteadyTime now, absl::Duration open_for) {
  open_for_ = open_for;
  open_until_ = now + absl::ToInt64Nanoseconds(open_for * (1 + options_.jitter * (2 * random_() - 1)));
  if (counters_) counters_->Add(telemetry::Counter::kBreakerOpened);
  Enter(State::kOpen);
}

void Breaker::Enter(State state) {
  state_ = state;
  ++epoch_;
  transport_failures_ = 0;
  buckets_.fill(Bucket());
  probes_under_way_ = 0;
  probes_succeeded_ = 0;
  if (listener_) listener_(state);
}

bool Breaker::Retire(SteadyTime now) {
  const MutexLock lock(&mutex_);
  if (state_ == State::kClosed) return now >= last_outcome_ + absl::ToInt64Nanoseconds(options_.window);
  if (now < open_until_ + absl::ToInt64Nanoseconds(options_.max_open)) return false;
  Enter(State::kClosed);
  return true;
}

Breakers::Breakers(const BreakerOptions& options, std::function<double()> random, Listener listener,
                   telemetry::Counters* counters)
    : options_(options), random_(std::move(random)), listener_(std::move(listener)), counters_(counters) {}

absl::string_view BreakerStateName(Breaker::State state) {
  switch (state) {
    case Breaker::State::kClosed:
      return "closed";
    case Breaker::State::kOpen:
      return "open";
    case Breaker::State::kHalfOpen:
      return "half-open";
  }
  return "";
}

std::vector<Breakers::BreakerState> Breakers::Snapshot() const {
  std::vector<BreakerState> states;
  const MutexLock lock(&mutex_);
  for (const auto& [name, upstream] : upstreams_) {
    for (const auto& [authority, breaker] : upstream.by_authority)
      states.push_back({name, authority, breaker->state()});
  }
  return states;
}

std::shared_ptr<Breaker> Breakers::Find(absl::string_view upstream, absl::string_view authority, SteadyTime now) {
  const MutexLock lock(&mutex_);
  Upstream& of_upstream = upstreams_[upstream];
  if (const auto found = of_upstream.by_authority.find(authority); found != of_upstream.by_authority.end()) {
    return found->second;
  }
  // A breaker that is not remembered could not report that it closes, so it does not report that it opens.
  if (!HasRoom(of_upstream, now)) return MakeBreaker(nullptr);
  Breaker::Listener listener;
  if (listener_) {
    listener = [this, name = std::string(upstream), at = std::string(authority)](Breaker::State state) {
      listener_(name, at, state);
    };
  }
  return of_upstream.by_authority.emplace(authority, MakeBreaker(std::move(listener))).first->second;
}

bool Breakers::HasRoom(Upstream& upstream, SteadyTime now) const {
  if (upstream.by_authority.size() < options_.max_authorities) return true;
  if (now < upstream.next_sweep) return false;
  upstream.next_sweep = now + absl::ToInt64Nanoseconds(kBetweenSweeps);
  // References are only made here, with the lock held, so a use count of one cannot change.
  absl::erase_if(upstream.by_authority,
                 [now](const auto& entry) { return entry.second.use_count() == 1 && entry.second->Retire(now); });
  return upstream.by_authority.size() < options_.max_authorities;
}

std::shared_ptr<Breaker> Breakers::MakeBreaker(Breaker::Listener listener) const {
  return std::make_shared<Breaker>(options_, random_, std::move(listener), counters_);
}

}  // namespace interaction::limits
