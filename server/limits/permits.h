#pragma once

#include <atomic>
#include <coroutine>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/base/clock.h"
#include "server/base/mutex.h"
#include "server/event/timers.h"
#include "server/lane/cancellation.h"
#include "server/lane/lane.h"
#include "server/lane/task.h"
#include "server/limits/permit_queue.h"
#include "server/limits/shared_permits.h"
#include "server/limits/use_count.h"
#include "server/telemetry/counters.h"

namespace interaction::limits {

// Waits in line on a lane. Yields the permit, an error of PermitQueue::Acquire() or Waiter::OnPermit(),
// DEADLINE_BEFORE_SEND, or the error of CancelledError(). Await it once, right away:
//
//   AcquirePermit acquire(lane, &queue, key, deadline, &cancellation);
//   auto permit = co_await acquire;
class [[nodiscard]] AcquirePermit final : private PermitQueue::Waiter,
                                          private event::Timers::Timer,
                                          private lane::Cancellation::Listener {
 public:
  // `key` must live until the wait is over.
  AcquirePermit(lane::Lane* lane, PermitQueue* queue, absl::string_view key, SteadyTime deadline,
                lane::Cancellation* cancellation)
      : lane_(lane), queue_(queue), key_(key), deadline_(deadline), cancellation_(cancellation) {}

  bool await_ready();
  void await_suspend(std::coroutine_handle<> awaiter);
  absl::StatusOr<PermitQueue::Permit> await_resume() { return *std::move(result_); }

 private:
  void OnPermit(absl::StatusOr<PermitQueue::Permit> permit) override;
  void OnDue() override;
  void OnCancel() override;
  void Arrive(absl::StatusOr<PermitQueue::Permit> permit);

  lane::Lane* const lane_;
  PermitQueue* const queue_;
  const absl::string_view key_;
  const SteadyTime deadline_;
  lane::Cancellation* const cancellation_;
  std::coroutine_handle<> awaiter_;
  std::optional<absl::StatusOr<PermitQueue::Permit>> result_;
};

struct PermitsOptions {
  PermitQueueOptions queue;

  // Options for a store that replicas share.
  int replicas = 1;
  std::string replica;  // a name that is unique among replicas
  absl::Duration min_poll =
      absl::Milliseconds(20);  // a call waits a random time between these two before it asks again
  absl::Duration max_poll = absl::Milliseconds(100);
  // How long calls wait for a store that does not answer before the replica uses its own share of the limit. Zero: they
  // go on at once. With the longest lease of any replica, the limit is never exceeded.
  absl::Duration wait_for_store;
  // How long the replica also keeps to its share once the store answers again: until the other replicas have told the
  // store what they hold.
  absl::Duration settle_in = absl::Seconds(5);
  absl::Duration tell_every = absl::Seconds(1);  // how often a store that does not answer is tried, if there are calls
};

// Permits to use a credential, first in this replica and then, with a shared store, in all of them. Calls wait in line
// here and only the first in line ask the store, so the order of arrival is kept within the replica.
//
// While the store does not answer, each replica keeps to its share of the limit, at least 1, and counts the permits
// that the store gave it before. Other replicas may still use permits that they got before, so together they may exceed
// the limit for a while, by at most the shares of the others; with wait_for_store, calls wait until that is over. No
// call waits to learn whether the store is back: in the background, the replica tells the store what it holds, and asks
// it for permits again once the store has accepted that. A store that is empty, and so does not know yet what is held,
// counts as one that does not answer.
//
// The limit is not kept with more replicas than permits, or when only some replicas lose the store.
//
// Thread-safe.
class Permits {
 public:
  class Permit;

  // `shared` is null for a replica on its own. `random` is uniform in [0, 1) and called on any thread. Whatever is
  // passed as a pointer outlives this; `counters` may be null.
  Permits(const PermitsOptions& options, const Clock* clock, SharedPermits* shared, std::function<double()> random,
          telemetry::Counters* counters);

  // Like AcquirePermit; errors have metadata "redis" while the store gives no permits. `lease` is the longest time for
  // which the permit counts as used by this replica. Permits, `lane` and `cancellation` outlive the task.
  lane::Task<absl::StatusOr<Permit>> Acquire(lane::Lane* lane, std::string key, SteadyTime deadline,
                                             absl::Duration lease, lane::Cancellation* cancellation);

  std::vector<PermitQueue::KeyState> Snapshot() const { return queue_.Snapshot(); }

 private:
  // How a call may get a permit at present.
  struct Plan {
    bool ask_store = true;       // for a permit; otherwise this replica's share decides alone
    bool keep_to_share = false;  // give no permit while this replica uses all of its share
    bool tell_store = false;     // in the background
  };

  // Knows whether the store answers, and what calls do about it. Thread-safe.
  class StoreWatch {
   public:
    explicit StoreWatch(const PermitsOptions& options);

    Plan MakePlan(SteadyTime now);
    void Answered(SteadyTime now);
    void IsSettling(SteadyTime now);
    void Failed(SteadyTime now);

    // For error metadata: "unavailable", "empty", or "" for a store that gives permits.
    absl::string_view trouble() const;

   private:
    bool IsGivenUp(SteadyTime now) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

    const int64_t wait_for_store_ns_;
    const int64_t settle_in_ns_;
    const int64_t tell_every_ns_;
    mutable Mutex mutex_;
    bool settling_ ABSL_GUARDED_BY(mutex_) = false;                   // by its last answer
    std::optional<SteadyTime> silent_since_ ABSL_GUARDED_BY(mutex_);  // its first failure after its last answer
    SteadyTime next_tell_ ABSL_GUARDED_BY(mutex_) = 0;
    SteadyTime share_binds_until_ ABSL_GUARDED_BY(mutex_) = 0;
  };

  // Asks once: the permit, or nothing yet.
  lane::Task<std::optional<Permit>> TryShared(lane::Lane* lane, absl::string_view key, absl::Duration lease,
                                              PermitQueue::Permit* local);
  std::optional<Permit> UseShare(absl::string_view key, absl::Duration lease, std::optional<UseCount::Use> use,
                                 PermitQueue::Permit* local);
  void TellStore();
  absl::Duration Poll() const;
  absl::Status NameStore(absl::Status refusal) const;
  std::string NewHolder();

  const PermitsOptions options_;
  const int share_;  // of the limit
  const Clock* const clock_;
  SharedPermits* const shared_;
  const std::function<double()> random_;
  telemetry::Counters* const counters_;
  PermitQueue queue_;
  UseCount uses_;                            // calls that have a permit
  const std::shared_ptr<StoreWatch> watch_;  // shared with callbacks that have yet to run
  std::atomic<int64_t> next_holder_{0};
};

// A permit of Permits. Movable; its destructor gives it back, on any thread.
class Permits::Permit {
 public:
  // See PermitQueue::Permit.
  void CountUse() { local_.CountUse(); }
  void Settle(const absl::Status& result_of_exchange) { local_.Settle(result_of_exchange); }

 private:
  friend class Permits;

  // The holder's name in the store.
  class Holding {
   public:
    Holding() = default;
    Holding(SharedPermits* store, std::string key, std::string holder)
        : store_(store), key_(std::move(key)), holder_(std::move(holder)) {}
    Holding(Holding&& other) noexcept
        : store_(std::exchange(other.store_, nullptr)),
          key_(std::move(other.key_)),
          holder_(std::move(other.holder_)) {}
    Holding& operator=(Holding&&) = delete;
    ~Holding() {
      if (store_) store_->Release(std::move(key_), std::move(holder_));
    }

   private:
    SharedPermits* store_ = nullptr;
    std::string key_;
    std::string holder_;
  };

  explicit Permit(PermitQueue::Permit local) : local_(std::move(local)) {}
  Permit(PermitQueue::Permit local, UseCount::Use use, Holding holding)
      : local_(std::move(local)), use_(std::move(use)), holding_(std::move(holding)) {}

  // Destroyed from the last to the first, so that everything else is free when the next call in line asks.
  PermitQueue::Permit local_;
  UseCount::Use use_;
  Holding holding_;
};

}  // namespace interaction::limits
