#include "server/call/permits.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/lane/callback.h"
#include "server/lane/operations.h"

namespace interaction::call {
namespace {

PermitQueueOptions ShareOptions(const PermitsOptions& options) {
  PermitQueueOptions share = options.queue;
  if (share.limit > 0) share.limit = std::max(1, share.limit / options.replicas);
  share.max_waiting = 0;
  return share;
}

}  // namespace

bool AcquirePermit::await_ready() {
  if (cancellation_->cancelled()) {
    result_.emplace(lane::CancelledError(cancellation_->cause(), /*sent=*/false));
  } else {
    // Once in line, the permit may come at any moment; but it is handed over to the lane, which is busy here.
    auto permit = queue_->Acquire(key_, deadline_, this);
    if (permit) result_.emplace(*std::move(permit));
  }
  return result_.has_value();
}

void AcquirePermit::await_suspend(std::coroutine_handle<> awaiter) {
  awaiter_ = awaiter;
  cancellation_->Add(this);
  lane_->timers().Add(deadline_, this);
}

void AcquirePermit::OnPermit(absl::StatusOr<PermitQueue::Permit> permit) {
  lane_->Execute([this, permit = std::move(permit)]() mutable { Arrive(std::move(permit)); });
}

// Whoever withdraws first has the last word. If it is the queue, then OnPermit() has been or will be called, and the
// wait goes on for that moment.
void AcquirePermit::OnDue() {
  if (queue_->Withdraw(this)) Arrive(queue_->Expired());
}

void AcquirePermit::OnCancel() {
  if (queue_->Withdraw(this)) Arrive(lane::CancelledError(cancellation_->cause(), /*sent=*/false));
}

void AcquirePermit::Arrive(absl::StatusOr<PermitQueue::Permit> permit) {
  lane_->timers().Remove(deadline_, this);
  if (cancellation_->cancelled()) {
    // A permit that came too late goes to the next in line, at the end of this function.
    result_.emplace(lane::CancelledError(cancellation_->cause(), /*sent=*/false));
  } else {
    cancellation_->Remove(this);
    result_.emplace(std::move(permit));
  }
  awaiter_.resume();
}

Permits::StoreWatch::StoreWatch(const PermitsOptions& options)
    : max_lease_ns_(absl::ToInt64Nanoseconds(options.max_lease)),
      probe_interval_ns_(absl::ToInt64Nanoseconds(options.probe_interval)) {}

Permits::Plan Permits::StoreWatch::MakePlan(SteadyTime now) {
  const std::lock_guard lock(mutex_);
  Plan plan;
  plan.share_suffices = silent_since_ && now >= *silent_since_ + max_lease_ns_;
  plan.needs_share = plan.share_suffices || now < share_binds_until_;
  if (plan.share_suffices) {
    plan.ask_store = now >= next_probe_;
    if (plan.ask_store) next_probe_ = now + probe_interval_ns_;
  }
  return plan;
}

void Permits::StoreWatch::Answered() {
  const std::lock_guard lock(mutex_);
  silent_since_.reset();
}

void Permits::StoreWatch::Failed(SteadyTime now) {
  const std::lock_guard lock(mutex_);
  if (!silent_since_) silent_since_ = now;
}

void Permits::StoreWatch::UsedShare(SteadyTime until) {
  const std::lock_guard lock(mutex_);
  share_binds_until_ = std::max(share_binds_until_, until);
}

Permits::Permits(const PermitsOptions& options, const Clock* clock, SharedPermits* shared,
                 std::function<double()> random, telemetry::Counters* counters)
    : options_(options),
      clock_(clock),
      shared_(shared),
      random_(std::move(random)),
      counters_(counters),
      queue_(options.queue, clock, counters),
      share_(ShareOptions(options), clock, nullptr),
      watch_(options) {}

lane::Task<absl::StatusOr<Permits::Permit>> Permits::Acquire(lane::Lane* lane, std::string key, SteadyTime deadline,
                                                             absl::Duration lease, lane::Cancellation* cancellation) {
  AcquirePermit in_line(lane, &queue_, key, deadline, cancellation);
  CO_ASSIGN_OR_RETURN(PermitQueue::Permit local, co_await in_line);
  if (shared_ == nullptr || options_.queue.limit == 0) co_return Permit(std::move(local));
  while (true) {
    auto attempt = TryShared(lane, key, lease, &local);
    std::optional<Permit> permit = co_await attempt;
    if (permit) co_return *std::move(permit);
    lane::Sleep pause(lane, std::min(Poll(), absl::Nanoseconds(deadline - clock_->SteadyNow())), cancellation);
    if (!co_await pause) co_return lane::CancelledError(cancellation->cause(), /*sent=*/false);
    if (clock_->SteadyNow() >= deadline) co_return queue_.Expired();
  }
}

lane::Task<std::optional<Permits::Permit>> Permits::TryShared(lane::Lane* lane, absl::string_view key,
                                                              absl::Duration lease, PermitQueue::Permit* local) {
  const SteadyTime now = clock_->SteadyNow();
  const Plan plan = watch_.MakePlan(now);
  std::optional<PermitQueue::Permit> share = plan.needs_share ? TakeShare(key) : PermitQueue::Permit();
  if (!share) co_return std::nullopt;
  if (plan.ask_store) {
    // New for each question: what gives an earlier one back may arrive later than this one.
    const std::string holder = absl::StrCat(options_.replica, ":", next_holder_.fetch_add(1));
    auto ask = lane::Callback<absl::StatusOr<bool>>(lane, [&](auto done) {
      shared_->TryAcquire(std::string(key), holder, options_.queue.limit, lease, std::move(done));
    });
    const absl::StatusOr<bool> given = co_await ask;
    if (given.ok()) {
      watch_.Answered();
      if (!*given) co_return std::nullopt;
      co_return Permit(std::move(*local), *std::move(share), Permit::Holding(shared_, std::string(key), holder));
    }
    watch_.Failed(clock_->SteadyNow());
    shared_->Release(std::string(key), holder);
  }
  if (!plan.share_suffices) co_return std::nullopt;
  watch_.UsedShare(now + absl::ToInt64Nanoseconds(lease));
  if (counters_) counters_->Add(telemetry::Counter::kSharedPermitFallback);
  co_return Permit(std::move(*local), *std::move(share));
}

std::optional<PermitQueue::Permit> Permits::TakeShare(absl::string_view key) {
  auto taken = share_.Acquire(key, kNever, nullptr);
  if (!taken->ok()) return std::nullopt;
  return **std::move(taken);
}

absl::Duration Permits::Poll() const { return options_.min_poll + random_() * (options_.max_poll - options_.min_poll); }

}  // namespace interaction::call
