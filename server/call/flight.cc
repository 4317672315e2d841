#include "server/call/flight.h"

#include "server/base/errors.h"

namespace interaction::call {

Flight::Flight(lane::Lane* lane, lane::Cancellation* shutdown, const std::optional<RecordId>& record)
    : lane_(lane), record_(record), shutdown_(shutdown) {
  if (shutdown_->cancelled()) {
    OnCancel();
  } else {
    shutdown_->Add(this);
  }
}

void Flight::OnCancel() {
  shutdown_ = nullptr;
  cancellation_.Cancel(lane::CancelCause::kShutdown);
}

bool Flight::IsAbandoned() const {
  const std::lock_guard lock(mutex_);
  return abandoned_;
}

void Flight::Land(absl::StatusOr<Answer> result) {
  if (shutdown_) std::exchange(shutdown_, nullptr)->Remove(this);
  std::list<Waiter*> waiters;
  {
    const std::lock_guard lock(mutex_);
    result_.emplace(std::move(result));
    landed_ = true;
    waiters.swap(waiters_);
  }
  while (!waiters.empty()) {
    Waiter* const waiter = waiters.front();
    waiters.pop_front();
    if (waiter->lane_ == lane_) {
      waiter->OnLanded();
    } else {
      waiter->lane_->Execute([waiter] { waiter->OnLanded(); });
    }
  }
}

bool Flight::Join(Waiter* waiter) {
  const std::lock_guard lock(mutex_);
  if (landed_) return false;
  waiter->place_ = waiters_.insert(waiters_.end(), waiter);
  abandoned_ = false;
  return true;
}

Flight::Left Flight::Leave(const std::shared_ptr<Flight>& flight, Waiter* waiter, lane::CancelCause cause) {
  {
    const std::lock_guard lock(flight->mutex_);
    if (flight->landed_) return Left::kTooLate;
    flight->waiters_.erase(waiter->place_);
    if (!flight->waiters_.empty()) return Left::kMaybeSent;
    flight->abandoned_ = true;
  }
  if (waiter->lane_ == flight->lane_) return flight->StopUnlessSent(cause);
  flight->lane_->Execute([flight, cause] {
    if (!flight->landed_ && flight->IsAbandoned()) flight->StopUnlessSent(cause);
  });
  return Left::kMaybeSent;
}

Flight::Left Flight::StopUnlessSent(lane::CancelCause cause) {
  if (MayBeApplied()) return Left::kMaybeSent;
  cancellation_.Cancel(cause);
  return landed_ ? Left::kLanded : Left::kNotSent;
}

bool Landing::await_suspend(std::coroutine_handle<> awaiter) {
  awaiter_ = awaiter;
  if (!flight_->Join(this)) return false;
  if (cancellation_->cancelled()) {
    Leave(cancellation_->cause());
    return left_.ok();
  }
  cancellation_->Add(this);
  listening_ = true;
  lane_->timers().Add(until_, this);
  timer_set_ = true;
  return true;
}

absl::StatusOr<Answer> Landing::await_resume() {
  if (!left_.ok()) return left_;
  return flight_->result();
}

void Landing::OnLanded() {
  if (timer_set_) lane_->timers().Remove(until_, this);
  if (listening_) cancellation_->Remove(this);
  awaiter_.resume();
}

void Landing::OnDue() {
  timer_set_ = false;
  Leave(lane::CancelCause::kDeadline);
  if (!left_.ok()) {
    cancellation_->Remove(this);
    awaiter_.resume();
  }
}

void Landing::OnCancel() {
  listening_ = false;
  Leave(cancellation_->cause());
  if (!left_.ok()) {
    if (timer_set_) lane_->timers().Remove(until_, this);
    awaiter_.resume();
  }
}

// Sets left_, unless the flight has landed in this moment and OnLanded() is on its way.
void Landing::Leave(lane::CancelCause cause) {
  switch (Flight::Leave(flight_, this, cause)) {
    case Flight::Left::kTooLate:
      return;
    case Flight::Left::kLanded:
      left_ = flight_->result().ok() ? LeftAfterSend(cause) : flight_->result().status();
      return;
    case Flight::Left::kNotSent:
      left_ = lane::CancelledError(cause, /*sent=*/false);
      return;
    case Flight::Left::kMaybeSent:
      left_ = LeftAfterSend(cause);
      return;
  }
}

absl::Status LeftAfterSend(lane::CancelCause cause) {
  if (cause == lane::CancelCause::kDeadline) return Error(Reason::kUpstreamTimeout).In(Phase::kWait);
  return lane::CancelledError(cause, /*sent=*/true);
}

}  // namespace interaction::call
