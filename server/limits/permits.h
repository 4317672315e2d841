#pragma once

#include <atomic>
#include <coroutine>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/base/clock.h"
#include "server/lane/cancellation.h"
#include "server/lane/lane.h"
#include "server/lane/task.h"
#include "server/lane/timers.h"
#include "server/limits/permit_queue.h"
#include "server/limits/shared_permits.h"
#include "server/limits/use_count.h"
#include "server/telemetry/counters.h"

namespace interaction::limits {

// Waits in line on a lane. Yields the permit, what PermitQueue::Acquire() and Waiter::OnPermit() refuse with,
// DEADLINE_BEFORE_SEND, or the error of CancelledError(). Awaited once, at once:
//
//   AcquirePermit acquire(lane, &queue, key, deadline, &cancellation);
//   auto permit = co_await acquire;
class [[nodiscard]] AcquirePermit final : private PermitQueue::Waiter,
                                          private lane::Timers::Timer,
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

  // For a store that replicas share.
  int replicas = 1;
  std::string replica;                               // a name that no other replica has
  absl::Duration min_poll = absl::Milliseconds(20);  // between two questions of one call: a random time
  absl::Duration max_poll = absl::Milliseconds(100);
  // While the store does not answer, calls wait for it for so long before the replica uses its own share of the limit.
  // Zero: they go on at once. The longest lease of any replica: no more permits are ever used at once than the limit.
  absl::Duration wait_for_store;
  // A store that answers again is asked for permits, but the replica keeps to its share for so long: until the others
  // have told the store what they hold, too.
  absl::Duration settle_in = absl::Seconds(5);
  absl::Duration tell_every = absl::Seconds(1);  // a store that does not answer is tried, when there are calls
};

// Permits to use a credential, first in this replica and then, with a shared store, in all of them. Calls get in line
// here, and only those at its head ask the store, so the order of arrival holds within the replica.
//
// While the store does not answer, each replica takes its share of the limit, at least 1, as its own: calls go on as
// long as fewer of this replica's use the credential, those included to which the store gave a permit before. What
// other replicas got before may still be in use then, so together they may for a while use as much more than the limit
// as the shares of the other replicas make; with wait_for_store, calls rather wait until that has ended. No call waits
// to learn whether the store is back: it is told in the background what this replica holds, and asked again once it has
// taken it. A store that is empty, and so does not know yet what is held, counts as one that does not answer.
//
// What this cannot keep: more replicas than the limit, or a store that is gone for some replicas only.
//
// Thread-safe.
class Permits {
 public:
  class Permit;

  // `shared` may be null: then this replica is alone. `random`: uniform in [0, 1), from any thread. What is passed as
  // pointer outlives this; `counters` may be null.
  Permits(const PermitsOptions& options, const Clock* clock, SharedPermits* shared, std::function<double()> random,
          telemetry::Counters* counters);

  // As AcquirePermit; its errors have metadata "redis" while the store gives no permits. `lease`: how long the permit
  // may be in use at most, in the eyes of the other replicas. Permits, `lane` and `cancellation` outlive the task.
  lane::Task<absl::StatusOr<Permit>> Acquire(lane::Lane* lane, std::string key, SteadyTime deadline,
                                             absl::Duration lease, lane::Cancellation* cancellation);

  std::vector<PermitQueue::KeyState> Snapshot() const { return queue_.Snapshot(); }

 private:
  // What a call may do for a permit now.
  struct Plan {
    bool ask_store = true;       // for a permit; otherwise the share is enough
    bool keep_to_share = false;  // not while as many calls of this replica as its share use the credential
    bool tell_store = false;     // besides, in the background
  };

  // Whether the store answers, and what follows from it. Thread-safe.
  class StoreWatch {
   public:
    explicit StoreWatch(const PermitsOptions& options);

    Plan MakePlan(SteadyTime now);
    void Answered(SteadyTime now);
    void IsSettling(SteadyTime now);
    void Failed(SteadyTime now);

    // For the metadata of an error: "unavailable", "empty", or "" for a store that gives permits.
    absl::string_view trouble() const;

   private:
    bool IsGivenUp(SteadyTime now) const;  // with mutex_ held

    const int64_t wait_for_store_ns_;
    const int64_t settle_in_ns_;
    const int64_t tell_every_ns_;
    mutable std::mutex mutex_;
    bool settling_ = false;                   // guarded by mutex_; its last answer
    std::optional<SteadyTime> silent_since_;  // guarded by mutex_; its first failure after its last answer
    SteadyTime next_tell_ = 0;                // guarded by mutex_
    SteadyTime share_binds_until_ = 0;        // guarded by mutex_
  };

  // One attempt: the permit, or nothing yet.
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
  UseCount uses_;                            // of calls that have their permit
  const std::shared_ptr<StoreWatch> watch_;  // shared with callbacks on their way
  std::atomic<int64_t> next_holder_{0};
};

// A permit of Permits. Movable; given back when it is destroyed, on any thread.
class Permits::Permit {
 public:
  // See PermitQueue::Permit.
  void CountUse() { local_.CountUse(); }
  void Settle(const absl::Status& result_of_exchange) { local_.Settle(result_of_exchange); }

 private:
  friend class Permits;

  // What the store was told.
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

  // Given back from the last to the first: when the next call in line begins to ask, the rest is free.
  PermitQueue::Permit local_;
  UseCount::Use use_;
  Holding holding_;
};

}  // namespace interaction::limits
