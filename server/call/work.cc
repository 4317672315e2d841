#include "server/call/work.h"

#include <algorithm>

#include "server/base/errors.h"
#include "server/base/mutex.h"

namespace interaction::call {
namespace {

// If nothing was sent by the caller's deadline, the work ends by itself with the more precise error, so a waiting call
// gives it a moment before it leaves.
constexpr SteadyTime kLetWorkSpeak = 1'000'000;

lane::Task<void> Perform(std::shared_ptr<Work> work, lane::Task<WorkResult> task) {
  WorkResult result = co_await task;
  work->Finish(std::move(result));
}

}  // namespace

Work::Work(std::shared_ptr<Call> call, lane::Cancellation* shutdown) : call_(std::move(call)), shutdown_(shutdown) {
  if (shutdown_->cancelled()) {
    OnCancel();
  } else {
    shutdown_->Add(this);
  }
}

void Work::OnCancel() {
  shutdown_ = nullptr;
  cancellation_.Cancel(lane::CancelCause::kShutdown);
}

bool Work::IsAbandoned() const {
  const MutexLock lock(&mutex_);
  return abandoned_;
}

void Work::Finish(WorkResult result) {
  if (shutdown_) std::exchange(shutdown_, nullptr)->Remove(this);
  absl::InlinedVector<Waiter*, 1> waiters;
  {
    const MutexLock lock(&mutex_);
    result_.emplace(std::move(result));
    done_ = true;
    waiters.swap(waiters_);
  }
  for (Waiter* const waiter : waiters) {
    if (waiter->lane_ == call_->lane) {
      waiter->OnWorkDone();
    } else {
      waiter->lane_->Execute([waiter] { waiter->OnWorkDone(); });
    }
  }
}

bool Work::Join(Waiter* waiter) {
  const MutexLock lock(&mutex_);
  if (done_) return false;
  waiters_.push_back(waiter);
  abandoned_ = false;
  return true;
}

Work::Left Work::Leave(const std::shared_ptr<Work>& work, Waiter* waiter, lane::CancelCause cause) {
  {
    const MutexLock lock(&work->mutex_);
    if (work->done_) return Left::kDoneAlready;
    work->waiters_.erase(std::find(work->waiters_.begin(), work->waiters_.end(), waiter));
    if (!work->waiters_.empty()) return Left::kMaybeSent;
    work->abandoned_ = true;
  }
  if (waiter->lane_ == work->call_->lane) return work->StopUnlessSent(cause);
  work->call_->lane->Execute([work, cause] {
    if (!work->done_ && work->IsAbandoned()) work->StopUnlessSent(cause);
  });
  return Left::kMaybeSent;
}

Work::Left Work::StopUnlessSent(lane::CancelCause cause) {
  if (MayBeApplied()) return Left::kMaybeSent;
  cancellation_.Cancel(cause);
  return done_ ? Left::kStopped : Left::kNotSent;
}

WaitForWork::WaitForWork(Call* call, std::shared_ptr<Work> work, bool is_alone)
    : Waiter(call->lane),
      call_(call),
      work_(std::move(work)),
      is_alone_(is_alone),
      until_(call->answer_by + kLetWorkSpeak) {}

bool WaitForWork::await_suspend(std::coroutine_handle<> awaiter) {
  awaiter_ = awaiter;
  if (!work_->Join(this)) return false;
  if (call_->cancellation.cancelled()) {
    Leave(call_->cancellation.cause());
    return left_.ok();
  }
  call_->cancellation.Add(this);
  listening_ = true;
  call_->lane->timers().Add(until_, this);
  timer_set_ = true;
  return true;
}

WorkResult WaitForWork::await_resume() {
  if (!left_.ok()) return {.reply = left_};
  return is_alone_ ? work_->TakeResult() : work_->result();
}

void WaitForWork::OnWorkDone() {
  if (timer_set_) call_->lane->timers().Remove(until_, this);
  if (listening_) call_->cancellation.Remove(this);
  awaiter_.resume();
}

void WaitForWork::OnDue() {
  timer_set_ = false;
  Leave(lane::CancelCause::kDeadline);
  if (!left_.ok()) {
    call_->cancellation.Remove(this);
    awaiter_.resume();
  }
}

void WaitForWork::OnCancel() {
  listening_ = false;
  Leave(call_->cancellation.cause());
  if (!left_.ok()) {
    if (timer_set_) call_->lane->timers().Remove(until_, this);
    awaiter_.resume();
  }
}

// Sets left_, unless the work ended just now and OnWorkDone() is about to be called.
void WaitForWork::Leave(lane::CancelCause cause) {
  switch (Work::Leave(work_, this, cause)) {
    case Work::Left::kDoneAlready:
      return;
    case Work::Left::kStopped:
      left_ = work_->result().reply.ok() ? LeftAfterSend(cause) : work_->result().reply.status();
      return;
    case Work::Left::kNotSent:
      left_ = lane::CancelledError(cause, /*sent=*/false);
      return;
    case Work::Left::kMaybeSent:
      left_ = LeftAfterSend(cause);
      return;
  }
}

void StartWork(std::shared_ptr<Work> work, lane::Task<WorkResult> task) {
  lane::Spawn(Perform(std::move(work), std::move(task)));
}

absl::Status LeftAfterSend(lane::CancelCause cause) {
  if (cause == lane::CancelCause::kDeadline) return Error(Reason::kUpstreamTimeout).In(Phase::kWait);
  return lane::CancelledError(cause, /*sent=*/true);
}

}  // namespace interaction::call
