#include "server/limits/permit_queue.h"

#include <algorithm>

#include "server/base/errors.h"
#include "server/base/mutex.h"
#include "server/base/status_macros.h"

namespace interaction::limits {
namespace {

constexpr absl::Duration kMinRetryAfter = absl::Seconds(1);
constexpr absl::Duration kMaxRetryAfter = absl::Seconds(30);
// Weight in the moving average of hold times: a new one counts for an eighth.
constexpr int64_t kSmoothing = 8;

absl::Status ParkedError(absl::string_view quota_subject, absl::Duration until_probe) {
  return Error(Reason::kUpstreamDailyQuota)
      .In(Phase::kQueue)
      .WithQuota(quota_subject)
      .WithRetryAfter(std::max(until_probe, kMinRetryAfter))
      .With("parked", "true");
}

}  // namespace

void PermitQueue::Permit::Settle(const absl::Status& result_of_exchange) {
  if (queue_ == nullptr) return;
  if (result_of_exchange.ok()) {
    // Only a probe: other calls that succeed may have been sent before the quota was used up.
    if (is_probe_) queue_->Unpark(*key_);
    return;
  }
  ErrorDetails details = GetErrorDetails(result_of_exchange);
  if (details.reason == Reason::kUpstreamDailyQuota) queue_->Park(*key_, std::move(details.quota_subject), is_probe_);
}

PermitQueue::PermitQueue(const PermitQueueOptions& options, const Clock* clock, telemetry::Counters* counters)
    : options_(options), clock_(clock), counters_(counters) {}

std::optional<absl::StatusOr<PermitQueue::Permit>> PermitQueue::Acquire(absl::string_view name, SteadyTime deadline,
                                                                        Waiter* waiter) {
  if (options_.limit == 0) return Permit();
  const SteadyTime now = clock_->SteadyNow();
  const MutexLock lock(&mutex_);
  Key& key = Find(name);
  if (key.parked) return AcquireParked(key, now);
  if (key.active < options_.limit) return Grant(key, now);  // then nobody waits, because Release() serves the line
  RETURN_IF_ERROR(Enqueue(key, now, deadline, waiter));
  return std::nullopt;
}

bool PermitQueue::Withdraw(Waiter* waiter) {
  const MutexLock lock(&mutex_);
  Key* const key = waiter->key_;
  if (key == nullptr) return false;
  key->waiting.erase(waiter->place_);
  waiter->key_ = nullptr;
  --waiting_;
  return true;
}

absl::Status PermitQueue::Expired() const {
  if (counters_) counters_->Add(telemetry::Counter::kPermitExpired);
  return Error(Reason::kDeadlineBeforeSend).In(Phase::kQueue);
}

std::vector<PermitQueue::KeyState> PermitQueue::Snapshot() const {
  const int64_t today = Today();
  const MutexLock lock(&mutex_);
  std::vector<KeyState> states;
  states.reserve(keys_.size());
  for (const auto& [name, key] : keys_) {
    states.push_back({.key = name,
                      .active = key.active,
                      .waiting = static_cast<int>(key.waiting.size()),
                      .uses_today = key.day == today ? key.uses : 0,
                      .parked = key.parked});
  }
  return states;
}

void PermitQueue::Release(const Permit& permit) {
  Key& key = *permit.key_;
  const SteadyTime now = clock_->SteadyNow();
  std::vector<Ending> endings;
  {
    const MutexLock lock(&mutex_);
    --key.active;
    // After a probe without a clear result, the next call may probe.
    if (permit.is_probe_) key.probing = false;
    const int64_t held = std::max<int64_t>(now - permit.since_, 1);
    key.hold_ns = key.hold_ns == 0 ? held : key.hold_ns + (held - key.hold_ns) / kSmoothing;
    while (!key.waiting.empty() && key.active < options_.limit) {
      Waiter* const waiter = TakeFirst(key);
      if (waiter->deadline_ > now) {
        endings.push_back({waiter, Grant(key, now)});
      } else {
        endings.push_back({waiter, Expired()});
      }
    }
    ForgetIfIdle(key);
  }
  Tell(std::move(endings));
}

void PermitQueue::CountUse(Key& key) {
  const int64_t today = Today();
  const MutexLock lock(&mutex_);
  if (key.day != today) key.uses = 0;
  key.day = today;
  ++key.uses;
  if (today_ == today) return;
  today_ = today;
  MakeRoom();
}

void PermitQueue::Park(Key& key, std::string quota_subject, bool by_probe) {
  const SteadyTime now = clock_->SteadyNow();
  std::vector<Ending> endings;
  {
    const MutexLock lock(&mutex_);
    // Calls that were in flight when the key was parked change nothing.
    if (key.parked && !by_probe) return;
    if (!key.parked && counters_) counters_->Add(telemetry::Counter::kCredentialParked);
    key.parked = true;
    key.probe_at = now + absl::ToInt64Nanoseconds(options_.park_for);
    key.quota_subject = std::move(quota_subject);
    while (!key.waiting.empty()) {
      endings.push_back({TakeFirst(key), ParkedError(key.quota_subject, options_.park_for)});
    }
  }
  Tell(std::move(endings));
}

void PermitQueue::Unpark(Key& key) {
  const MutexLock lock(&mutex_);
  key.parked = false;
}

PermitQueue::Key& PermitQueue::Find(absl::string_view name) {
  if (const auto found = keys_.find(name); found != keys_.end()) return found->second;
  if (static_cast<int>(keys_.size()) >= options_.max_keys) {
    MakeRoom();
    // Only keys without calls are dropped. What is lost is a count of uses, or the knowledge that a quota is used up,
    // which the upstream will repeat.
    if (static_cast<int>(keys_.size()) >= options_.max_keys) {
      absl::erase_if(keys_, [](const auto& entry) { return entry.second.active == 0; });
    }
  }
  const auto added = keys_.try_emplace(name).first;
  added->second.name = added->first;
  return added->second;
}

void PermitQueue::MakeRoom() {
  absl::erase_if(keys_, [today = Today()](const auto& entry) {
    const Key& key = entry.second;
    return key.active == 0 && !key.parked && key.day != today;
  });
}

absl::StatusOr<PermitQueue::Permit> PermitQueue::AcquireParked(Key& key, SteadyTime now) {
  if (now >= key.probe_at && !key.probing && key.active < options_.limit) {
    key.probing = true;
    return Grant(key, now, /*is_probe=*/true);
  }
  return ParkedError(key.quota_subject, absl::Nanoseconds(key.probe_at - now));
}

absl::Status PermitQueue::Enqueue(Key& key, SteadyTime now, SteadyTime deadline, Waiter* waiter) {
  if (deadline <= now) return Expired();
  const int64_t position = static_cast<int64_t>(key.waiting.size()) + 1;
  const int64_t wait_ns = position * key.hold_ns / options_.limit;
  const bool full = position > options_.max_waiting_per_key || waiting_ >= options_.max_waiting;
  if (full || wait_ns > deadline - now) return Overloaded(absl::Nanoseconds(wait_ns));
  waiter->key_ = &key;
  waiter->place_ = key.waiting.insert(key.waiting.end(), waiter);
  waiter->deadline_ = deadline;
  ++waiting_;
  if (counters_) counters_->Add(telemetry::Counter::kPermitQueued);
  return absl::OkStatus();
}

PermitQueue::Permit PermitQueue::Grant(Key& key, SteadyTime now, bool is_probe) {
  ++key.active;
  return Permit(this, &key, now, is_probe);
}

PermitQueue::Waiter* PermitQueue::TakeFirst(Key& key) {
  Waiter* const first = key.waiting.front();
  key.waiting.pop_front();
  first->key_ = nullptr;
  --waiting_;
  return first;
}

void PermitQueue::ForgetIfIdle(Key& key) {
  // A key with uses is kept for the day.
  if (key.active == 0 && !key.parked && key.uses == 0) keys_.erase(key.name);
}

void PermitQueue::Tell(std::vector<Ending> endings) {
  for (Ending& ending : endings) ending.waiter->OnPermit(std::move(ending.permit));
}

absl::Status PermitQueue::Overloaded(absl::Duration expected_wait) const {
  if (counters_) counters_->Add(telemetry::Counter::kPermitRefused);
  return Error(Reason::kOverloaded)
      .In(Phase::kQueue)
      .With("limit", options_.limit_name)
      .WithRetryAfter(std::clamp(expected_wait, kMinRetryAfter, kMaxRetryAfter));
}

int64_t PermitQueue::Today() const { return absl::ToInt64Hours(clock_->WallNow() - absl::UnixEpoch()) / 24; }

}  // namespace interaction::limits
