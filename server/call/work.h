#pragma once

#include <atomic>
#include <coroutine>
#include <memory>
#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/inlined_vector.h"
#include "absl/status/statusor.h"
#include "server/base/clock.h"
#include "server/base/mutex.h"
#include "server/base/outcome.h"
#include "server/call/call.h"
#include "server/event/timers.h"
#include "server/lane/cancellation.h"
#include "server/lane/lane.h"
#include "server/lane/operations.h"
#include "server/lane/task.h"
#include "server/upstream/upstream.h"

namespace interaction::call {

// The result of a call's work.
struct WorkResult {
  absl::StatusOr<upstream::Reply> reply;
  bool replayed = false;  // nothing was sent: the reply is that of an earlier call
  bool bypassed = false;  // the record store had failed, and the request was sent nevertheless
};

// The sending of a call's request. It may outlive the call, because a request that was sent cannot be taken back: the
// upstream's answer decides the outcome, whether or not the caller still waits. Calls with the same request_id wait for
// the work of the first of them.
//
// It runs on the lane of the call that started it; calls on any lane may wait for it. If nothing was sent yet, it ends
// when nobody waits any more.
class Work final : private lane::Cancellation::Listener {
 public:
  // A call that waits. Told once, on its own lane, unless it has left before.
  class Waiter {
   public:
    explicit Waiter(lane::Lane* lane) : lane_(lane) {}
    virtual void OnWorkDone() = 0;

   protected:
    virtual ~Waiter() = default;

   private:
    friend class Work;
    lane::Lane* const lane_;
  };

  // Make it on the call's lane; Finish() must be called before it is destroyed. `shutdown` is cancelled, on the lane,
  // when the server gives up calls in flight.
  Work(std::shared_ptr<Call> call, lane::Cancellation* shutdown);

  // For the work itself, on its lane --------------------------------------------------------------------------------

  // The call that started it.
  Call* call() const { return call_.get(); }

  // Cancelled when the work must stop: nobody waits and nothing was sent, or the server ends.
  lane::Cancellation& cancellation() { return cancellation_; }

  // Called around each request to the upstream, so that a call that leaves learns whether something may have been
  // opened: during the request, `post` knows whether it was sent; after it, its outcome counts until the work is done.
  void BeginRequest(const lane::Post* post) { request_under_way_ = post; }
  void EndRequest(Outcome outcome) {
    request_under_way_ = nullptr;
    may_be_applied_ = outcome != Outcome::kNotApplied;
  }

  // Whether the last call that waited has left. Work that nobody has waited for yet is not abandoned.
  bool IsAbandoned() const;

  // Ends the work. Call it once; it may destroy this.
  void Finish(WorkResult result);

  // For calls, on any thread ----------------------------------------------------------------------------------------

  // False if it is done already, so that result() is available.
  bool Join(Waiter* waiter);

  // Its result, once it is done.
  const WorkResult& result() const { return *result_; }
  // The same for work that a single call ever waits for.
  WorkResult TakeResult() { return *std::move(result_); }

  enum class Left {
    kDoneAlready,  // OnWorkDone() will be called
    kStopped,      // leaving ended it; result() says how
    kNotSent,      // nothing was sent, nor will be
    kMaybeSent     // something was sent, or other calls still wait
  };

  // Ends the wait of `waiter`. If it was the last and nothing was sent, the work stops.
  static Left Leave(const std::shared_ptr<Work>& work, Waiter* waiter, lane::CancelCause cause);

 private:
  void OnCancel() override;
  bool MayBeApplied() const {
    return may_be_applied_ || (request_under_way_ != nullptr && request_under_way_->MayHaveBeenSent());
  }
  Left StopUnlessSent(lane::CancelCause cause);

  const std::shared_ptr<Call> call_;
  lane::Cancellation* shutdown_;  // while listed there
  lane::Cancellation cancellation_;
  const lane::Post* request_under_way_ = nullptr;
  bool may_be_applied_ = false;  // after the last request

  mutable Mutex mutex_;
  absl::InlinedVector<Waiter*, 1> waiters_ ABSL_GUARDED_BY(mutex_);
  bool abandoned_ ABSL_GUARDED_BY(mutex_) = false;
  std::atomic<bool> done_{false};     // written with mutex_ held
  std::optional<WorkResult> result_;  // constant once done, unless it is taken
};

// Waits for work. Yields its result; or, if the call's deadline passes or it is cancelled before that, the error that
// says whether something may have been sent: UPSTREAM_TIMEOUT, DEADLINE_BEFORE_SEND, CANCELLED_...
class [[nodiscard]] WaitForWork final : private Work::Waiter,
                                        private event::Timers::Timer,
                                        private lane::Cancellation::Listener {
 public:
  // `call` waits, and must not have joined `work` before. `is_alone`: no other call will ever wait for it.
  WaitForWork(Call* call, std::shared_ptr<Work> work, bool is_alone = false);

  bool await_ready() const { return false; }
  bool await_suspend(std::coroutine_handle<> awaiter);
  WorkResult await_resume();

 private:
  void OnWorkDone() override;
  void OnDue() override;
  void OnCancel() override;
  void Leave(lane::CancelCause cause);

  Call* const call_;
  const std::shared_ptr<Work> work_;
  const bool is_alone_;
  const SteadyTime until_;
  bool timer_set_ = false;
  bool listening_ = false;
  std::coroutine_handle<> awaiter_;
  absl::Status left_;  // the error of a call that left
};

// Starts `task`, the work, which runs up to its first suspension now and may outlive the caller.
void StartWork(std::shared_ptr<Work> work, lane::Task<WorkResult> task);

// The error of a call that stops waiting for that cause, if something may have been sent on its behalf.
absl::Status LeftAfterSend(lane::CancelCause cause);

}  // namespace interaction::call
