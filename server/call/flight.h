#pragma once

#include <atomic>
#include <coroutine>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "server/base/clock.h"
#include "server/base/outcome.h"
#include "server/call/record_id.h"
#include "server/lane/cancellation.h"
#include "server/lane/lane.h"
#include "server/lane/operations.h"
#include "server/lane/timers.h"

namespace interaction::call {

// The answer to a call: the serialized reply.
struct Answer {
  std::string reply;
  bool replayed = false;  // no request was sent for this call: the answer is that of an earlier one
  bool bypassed = false;  // the store of records was down, and the call was served all the same
};

// The work behind a call: waiting for a turn, sending, judging the answer. It has a life of its own, because a request
// that was sent cannot be taken back: its answer decides what became of the interaction, whether or not the caller
// still waits. And several calls with the same request_id wait for one flight.
//
// It takes place on one lane; calls on any lane may wait for it. As long as nothing was sent, it ends when nobody waits
// any more.
class Flight final : private lane::Cancellation::Listener {
 public:
  // A call that waits. Told on its own lane, once, unless it left before.
  class Waiter {
   public:
    explicit Waiter(lane::Lane* lane) : lane_(lane) {}
    virtual void OnLanded() = 0;

   protected:
    virtual ~Waiter() = default;

   private:
    friend class Flight;
    lane::Lane* const lane_;
    std::list<Waiter*>::iterator place_;
  };

  // `shutdown` is cancelled, on the lane, when the server gives up what is in flight. Make a flight on its lane, and
  // let it land before it dies. `record`: that of the calls, if they have one.
  Flight(lane::Lane* lane, lane::Cancellation* shutdown, const std::optional<RecordId>& record);

  lane::Lane* lane() const { return lane_; }
  const std::optional<RecordId>& record() const { return record_; }

  // For the work, on the flight's lane ------------------------------------------------------------------------------

  // Cancelled when the work is to stop: nobody waits and nothing was sent, or the server ends.
  lane::Cancellation& cancellation() { return cancellation_; }

  // Around each exchange with the upstream, so that whoever leaves learns whether something may have been opened:
  // during it, the exchange tells whether the request was sent; after it, its outcome counts until the flight lands.
  void BeginExchange(const lane::Post* post) { exchange_ = post; }
  void EndExchange(Outcome outcome) {
    exchange_ = nullptr;
    may_be_applied_ = outcome != Outcome::kNotApplied;
  }

  // Whether nobody waits any more: the last of the calls that waited has left. A flight that was not joined yet is not
  // abandoned.
  bool IsAbandoned() const;

  // The work is done. Once; the flight may be gone afterwards.
  void Land(absl::StatusOr<Answer> result);

  // For calls, any thread -------------------------------------------------------------------------------------------

  // False: it has landed already, and result() is there.
  bool Join(Waiter* waiter);

  // What became of it; once it has landed.
  const absl::StatusOr<Answer>& result() const { return *result_; }

  enum class Left {
    kTooLate,   // it has landed: OnLanded() comes
    kLanded,    // it ended for that reason, and result() says how
    kNotSent,   // surely nothing was sent, nor will be
    kMaybeSent  // something was sent, or is in the hands of other calls
  };

  // `waiter` does not wait any more. The last one stops the work, if nothing was sent.
  static Left Leave(const std::shared_ptr<Flight>& flight, Waiter* waiter, lane::CancelCause cause);

 private:
  void OnCancel() override;
  bool MayBeApplied() const { return may_be_applied_ || (exchange_ != nullptr && exchange_->MayHaveBeenSent()); }
  Left StopUnlessSent(lane::CancelCause cause);

  lane::Lane* const lane_;
  const std::optional<RecordId> record_;
  lane::Cancellation* shutdown_;  // while listed there
  lane::Cancellation cancellation_;
  const lane::Post* exchange_ = nullptr;  // under way
  bool may_be_applied_ = false;           // by the last exchange

  mutable std::mutex mutex_;
  std::list<Waiter*> waiters_;                    // guarded by mutex_
  bool abandoned_ = false;                        // guarded by mutex_
  std::atomic<bool> landed_{false};               // written with mutex_ held
  std::optional<absl::StatusOr<Answer>> result_;  // constant once landed_
};

// Waits for a flight. Yields its result, or, when `until` has passed or the call was cancelled before that, the error
// that tells whether something may have been sent: UPSTREAM_TIMEOUT, DEADLINE_BEFORE_SEND, CANCELLED_...
class [[nodiscard]] Landing final : private Flight::Waiter,
                                    private lane::Timers::Timer,
                                    private lane::Cancellation::Listener {
 public:
  // `lane`: the call's own. `flight` must not have been joined by this call before.
  Landing(lane::Lane* lane, std::shared_ptr<Flight> flight, SteadyTime until, lane::Cancellation* cancellation)
      : Waiter(lane), lane_(lane), flight_(std::move(flight)), until_(until), cancellation_(cancellation) {}

  bool await_ready() const { return false; }
  bool await_suspend(std::coroutine_handle<> awaiter);
  absl::StatusOr<Answer> await_resume();

 private:
  void OnLanded() override;
  void OnDue() override;
  void OnCancel() override;
  void Leave(lane::CancelCause cause);

  lane::Lane* const lane_;
  const std::shared_ptr<Flight> flight_;
  const SteadyTime until_;
  lane::Cancellation* const cancellation_;
  bool timer_set_ = false;
  bool listening_ = false;
  std::coroutine_handle<> awaiter_;
  absl::Status left_;  // the error, of a call that left
};

// The error of a call that stops waiting for that reason, when something may have been sent on its behalf.
absl::Status LeftAfterSend(lane::CancelCause cause);

}  // namespace interaction::call
