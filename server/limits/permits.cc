#include "server/limits/permits.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "server/base/errors.h"
#include "server/base/mutex.h"
#include "server/base/status_macros.h"
#include "server/lane/callback.h"
#include "server/lane/operations.h"

namespace interaction::limits {
using Answer = SharedPermits::Answer;

bool AcquirePermit::await_ready() {
  if (cancellation_->cancelled()) {
    result_.emplace(lane::CancelledError(cancellation_->cause(), /*sent=*/false));
  } else {
    // From here on the permit may arrive at any moment, but it is handed to this lane, which is busy with this.
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

// If it is too late to withdraw, OnPermit() has been or will be called, and the wait goes on until then.
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
    : wait_for_store_ns_(absl::ToInt64Nanoseconds(options.wait_for_store)),
      settle_in_ns_(absl::ToInt64Nanoseconds(options.settle_in)),
      tell_every_ns_(absl::ToInt64Nanoseconds(options.tell_every)) {}

Permits::Plan Permits::StoreWatch::MakePlan(SteadyTime now) {
  const MutexLock lock(&mutex_);
  Plan plan;
  plan.ask_store = !IsGivenUp(now);
  plan.keep_to_share = !plan.ask_store || now < share_binds_until_;
  plan.tell_store = !plan.ask_store && now >= next_tell_;
  if (plan.tell_store) next_tell_ = now + tell_every_ns_;
  return plan;
}

void Permits::StoreWatch::Answered(SteadyTime now) {
  const MutexLock lock(&mutex_);
  if (IsGivenUp(now)) share_binds_until_ = now + settle_in_ns_;
  silent_since_.reset();
  settling_ = false;
}

void Permits::StoreWatch::IsSettling(SteadyTime now) {
  Answered(now);
  const MutexLock lock(&mutex_);
  settling_ = true;
}

void Permits::StoreWatch::Failed(SteadyTime now) {
  const MutexLock lock(&mutex_);
  if (silent_since_) return;
  silent_since_ = now;
  next_tell_ = now + tell_every_ns_;
}

absl::string_view Permits::StoreWatch::trouble() const {
  const MutexLock lock(&mutex_);
  return silent_since_ ? "unavailable" : settling_ ? "empty" : "";
}

bool Permits::StoreWatch::IsGivenUp(SteadyTime now) const {
  return silent_since_ && now >= *silent_since_ + wait_for_store_ns_;
}

Permits::Permits(const PermitsOptions& options, const Clock* clock, SharedPermits* shared,
                 std::function<double()> random, telemetry::Counters* counters)
    : options_(options),
      share_(std::max(1, options.queue.limit / options.replicas)),
      clock_(clock),
      shared_(shared),
      random_(std::move(random)),
      counters_(counters),
      queue_(options.queue, clock, counters),
      watch_(std::make_shared<StoreWatch>(options)) {}

lane::Task<absl::StatusOr<Permits::Permit>> Permits::Acquire(lane::Lane* lane, std::string key, SteadyTime deadline,
                                                             absl::Duration lease, lane::Cancellation* cancellation) {
  AcquirePermit in_line(lane, &queue_, key, deadline, cancellation);
  absl::StatusOr<PermitQueue::Permit> local = co_await in_line;
  if (!local.ok()) co_return NameStore(local.status());
  if (shared_ == nullptr || options_.queue.limit == 0) co_return Permit(*std::move(local));
  while (true) {
    auto attempt = TryShared(lane, key, lease, &*local);
    std::optional<Permit> permit = co_await attempt;
    if (permit) co_return *std::move(permit);
    lane::Sleep pause(lane, std::min(Poll(), absl::Nanoseconds(deadline - clock_->SteadyNow())), cancellation);
    if (!co_await pause) co_return lane::CancelledError(cancellation->cause(), /*sent=*/false);
    if (clock_->SteadyNow() >= deadline) co_return NameStore(queue_.Expired());
  }
}

lane::Task<std::optional<Permits::Permit>> Permits::TryShared(lane::Lane* lane, absl::string_view key,
                                                              absl::Duration lease, PermitQueue::Permit* local) {
  const Plan plan = watch_->MakePlan(clock_->SteadyNow());
  if (plan.tell_store) TellStore();
  std::optional<UseCount::Use> use;
  if (plan.keep_to_share) {
    use = uses_.BeginBelow(key, share_);
    if (!use) co_return std::nullopt;
  }
  if (!plan.ask_store) co_return UseShare(key, lease, std::move(use), local);
  // A new name for each request, because the release of an earlier one may arrive after this request.
  const std::string holder = NewHolder();
  auto ask = lane::Callback<absl::StatusOr<Answer>>(lane, [&](auto done) {
    shared_->TryAcquire(std::string(key), holder, options_.queue.limit, lease, std::move(done));
  });
  const absl::StatusOr<Answer> answer = co_await ask;
  const SteadyTime now = clock_->SteadyNow();
  if (!answer.ok()) {
    watch_->Failed(now);
    shared_->Release(std::string(key), holder);
  } else if (*answer == Answer::kSettling) {
    watch_->IsSettling(now);
  } else {
    watch_->Answered(now);
    if (*answer == Answer::kTaken) co_return std::nullopt;
    if (!use) use = uses_.Begin(key);
    co_return Permit(std::move(*local), *std::move(use), Permit::Holding(shared_, std::string(key), holder));
  }
  // The store does not answer, or does not know what is held.
  if (options_.wait_for_store > absl::ZeroDuration()) co_return std::nullopt;
  co_return UseShare(key, lease, std::move(use), local);
}

// Without the store: a use that exists already counts against the share.
std::optional<Permits::Permit> Permits::UseShare(absl::string_view key, absl::Duration lease,
                                                 std::optional<UseCount::Use> use, PermitQueue::Permit* local) {
  if (!use) use = uses_.BeginBelow(key, share_);
  if (!use) return std::nullopt;
  if (counters_) counters_->Add(telemetry::Counter::kSharedPermitFallback);
  std::string holder = NewHolder();
  shared_->Hold(std::string(key), holder, lease);
  return Permit(std::move(*local), *std::move(use), Permit::Holding(shared_, std::string(key), std::move(holder)));
}

// No call waits for the answer: if the store has stopped, it takes until the store's timeout.
void Permits::TellStore() {
  shared_->Tell([watch = watch_, clock = clock_](const absl::Status& told) {
    if (told.ok()) watch->Answered(clock->SteadyNow());
  });
}

absl::Duration Permits::Poll() const { return options_.min_poll + random_() * (options_.max_poll - options_.min_poll); }

// The error of a call that did not get a permit says so if the store is not giving any.
absl::Status Permits::NameStore(absl::Status refusal) const {
  const absl::string_view trouble = watch_->trouble();
  const Reason reason = GetErrorDetails(refusal).reason;
  if (trouble.empty() || (reason != Reason::kDeadlineBeforeSend && reason != Reason::kOverloaded)) return refusal;
  return WithMetadata(std::move(refusal), "redis", trouble);
}

std::string Permits::NewHolder() { return absl::StrCat(options_.replica, ":", next_holder_.fetch_add(1)); }

}  // namespace interaction::limits
