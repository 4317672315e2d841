#pragma once

#include <atomic>
#include <coroutine>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "server/base/clock.h"
#include "server/base/outcome.h"
#include "server/call/call.h"
#include "server/lane/cancellation.h"
#include "server/lane/lane.h"
#include "server/lane/operations.h"
#include "server/lane/task.h"
#include "server/lane/timers.h"
#include "server/upstream/upstream.h"

namespace interaction::call {

// What the work behind a call came to.
struct WorkResult {
  absl::StatusOr<upstream::Reply> reply;
  bool replayed = false;  // no request was sent: the reply is that of an earlier call
  bool bypassed = false;  // the store of records had failed, and the request was sent all the same
};

// The sending of a call's request. It has a life of its own, because a request that was sent cannot be taken back: its
// answer decides what became of the interaction, whether or not the caller still waits. And calls with the same
// request_id wait for the work of the first of them.
//
// It takes place on the lane of the call that it began with; calls on any lane may wait for it. As long as nothing was
// sent, it ends when nobody waits any more.
class Work final : private lane::Cancellation::Listener {
 public:
  // A call that waits. Told on its own lane, once, unless it left before.
  class Waiter {
   public:
    explicit Waiter(lane::Lane* lane) : lane_(lane) {}
    virtual void OnWorkDone() = 0;

   protected:
    virtual ~Waiter() = default;

   private:
    friend class Work;
    lane::Lane* const lane_;
    std::list<Waiter*>::iterator place_;
  };

  // `shutdown` is cancelled, on the lane, when the server gives up what is in flight. Made on the call's lane; to be
  // finished before it dies.
  Work(std::shared_ptr<Call> call, lane::Cancellation* shutdown);

  // For the work itself, on its lane --------------------------------------------------------------------------------

  // The call that it began with.
  Call* call() const { return call_.get(); }

  // Cancelled when the work is to stop: nobody waits and nothing was sent, or the server ends.
  lane::Cancellation& cancellation() { return cancellation_; }

  // Around each request to the upstream, so that whoever leaves learns whether something may have been opened: during
  // it, `post` tells whether the request was sent; after it, its outcome counts until the work is done.
  void BeginRequest(const lane::Post* post) { request_under_way_ = post; }
  void EndRequest(Outcome outcome) {
    request_under_way_ = nullptr;
    may_be_applied_ = outcome != Outcome::kNotApplied;
  }

  // Whether the last of the calls that waited has left. Work that nobody has waited for yet is not abandoned.
  bool IsAbandoned() const;

  // The work is done. Once; this may be gone afterwards.
  void Finish(WorkResult result);

  // For calls, any thread -------------------------------------------------------------------------------------------

  // False: it is done already, and result() is there.
  bool Join(Waiter* waiter);

  // What became of it; once it is done.
  const WorkResult& result() const { return *result_; }

  enum class Left {
    kDoneAlready,  // OnWorkDone() comes
    kStopped,      // it ended for that reason, and result() says how
    kNotSent,      // surely nothing was sent, nor will be
    kMaybeSent     // something was sent, or is in the hands of other calls
  };

  // `waiter` does not wait any more. The last one stops the work, if nothing was sent.
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
  bool may_be_applied_ = false;  // by the last request

  mutable std::mutex mutex_;
  std::list<Waiter*> waiters_;        // guarded by mutex_
  bool abandoned_ = false;            // guarded by mutex_
  std::atomic<bool> done_{false};     // written with mutex_ held
  std::optional<WorkResult> result_;  // constant once done
};

// Waits for work. Yields what it came to, or, when the call's time is over or it was cancelled before that, the error
// that tells whether something may have been sent: UPSTREAM_TIMEOUT, DEADLINE_BEFORE_SEND, CANCELLED_...
class [[nodiscard]] WaitForWork final : private Work::Waiter,
                                        private lane::Timers::Timer,
                                        private lane::Cancellation::Listener {
 public:
  // `call` waits, and must not have joined `work` before.
  WaitForWork(Call* call, std::shared_ptr<Work> work);

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
  const SteadyTime until_;
  bool timer_set_ = false;
  bool listening_ = false;
  std::coroutine_handle<> awaiter_;
  absl::Status left_;  // the error, of a call that left
};

// Runs `task`, the work, in a life of its own: up to its first suspension now.
void StartWork(std::shared_ptr<Work> work, lane::Task<WorkResult> task);

// The error of a call that stops waiting for that reason, when something may have been sent on its behalf.
absl::Status LeftAfterSend(lane::CancelCause cause);

}  // namespace interaction::call
