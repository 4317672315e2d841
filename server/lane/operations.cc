#include "server/lane/operations.h"

#include <utility>

#include "server/base/errors.h"

namespace interaction::lane {

bool Post::await_ready() {
  if (!cancellation_->cancelled()) return false;
  result_.emplace(CancelledError(cancellation_->cause(), /*sent=*/false));
  return true;
}

void Post::await_suspend(std::coroutine_handle<> awaiter) {
  awaiter_ = awaiter;
  cancellation_->Add(this);
  transfer_ = lane_->http().Send(endpoint_, std::move(request_), limits_, this);
}

void Post::OnTransferDone(absl::StatusOr<http::Response> result) {
  transfer_ = nullptr;
  cancellation_->Remove(this);
  result_.emplace(std::move(result));
  // An error may be that of a deadline, at which whoever waits for the call would end it with a less precise one.
  if (!result_->ok()) return awaiter_.resume();
  lane_->Enter(Stage::kDecode).await_suspend(awaiter_);
}

bool Post::MayHaveBeenSent() const {
  if (result_) return OutcomeOf(result_->status()) != Outcome::kNotApplied;
  return transfer_ != nullptr && lane_->http().MayHaveBeenSent(transfer_);
}

void Post::OnCancel() {
  const bool sent = lane_->http().Cancel(std::exchange(transfer_, nullptr));
  result_.emplace(CancelledError(cancellation_->cause(), sent));
  awaiter_.resume();
}

void Sleep::await_suspend(std::coroutine_handle<> awaiter) {
  awaiter_ = awaiter;
  cancellation_->Add(this);
  lane_->timers().Add(due_, this);
}

void Sleep::OnDue() {
  cancellation_->Remove(this);
  awaiter_.resume();
}

void Sleep::OnCancel() {
  lane_->timers().Remove(due_, this);
  awaiter_.resume();
}

absl::Status CancelledError(CancelCause cause, bool sent) {
  // Once bytes may have left, the outcome is unknown whoever gave up, and the code must not be one that is retried.
  if (sent) return Error(Reason::kCancelledAfterSend).In(Phase::kWait);
  if (cause == CancelCause::kDeadline) return Error(Reason::kDeadlineBeforeSend).In(Phase::kQueue);
  if (cause == CancelCause::kShutdown) return Error(Reason::kServerDraining).In(Phase::kQueue);
  return Error(Reason::kCancelledBeforeSend).In(Phase::kQueue);
}

}  // namespace interaction::lane
