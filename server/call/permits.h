#pragma once

#include <atomic>
#include <coroutine>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/base/clock.h"
#include "server/call/permit_queue.h"
#include "server/call/shared_permits.h"
#include "server/lane/cancellation.h"
#include "server/lane/lane.h"
#include "server/lane/task.h"
#include "server/lane/timers.h"
#include "server/telemetry/counters.h"

namespace interaction::call {

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
  absl::Duration max_lease = absl::Seconds(75);      // no replica asks for a longer one
  absl::Duration min_poll = absl::Milliseconds(20);  // between two questions of one call: a random time
  absl::Duration max_poll = absl::Milliseconds(100);
  absl::Duration probe_interval = absl::Seconds(1);  // of all calls together, while the store is given up
};

// Permits to use a credential, first in this replica and then, with a shared store, in all of them. Calls get in line
// here, and only those at its head ask the store, so the order of arrival holds within the replica.
//
// When the store does not answer, calls wait for it, up to their deadlines: permits that it gave to other replicas stay
// in use up to their leases. When it has not answered for the longest lease, each replica takes its share of the limit,
// at least 1, as its own, and asks the store once a second whether it is back. The calls let through like that are
// unknown to the store, so the share goes on to bind the replica until the last of them has ended. What this cannot
// keep: more replicas than the limit, or a store that is gone for some replicas only.
//
// Thread-safe.
class Permits {
 public:
  class Permit;

  // `shared` may be null: then this replica is alone. `random`: uniform in [0, 1), from any thread. What is passed as
  // pointer outlives this; `counters` may be null.
  Permits(const PermitsOptions& options, const Clock* clock, SharedPermits* shared, std::function<double()> random,
          telemetry::Counters* counters);

  // As AcquirePermit. `lease`: how long the permit may be in use at most, in the eyes of the other replicas. Permits,
  // `lane` and `cancellation` outlive the task.
  lane::Task<absl::StatusOr<Permit>> Acquire(lane::Lane* lane, std::string key, SteadyTime deadline,
                                             absl::Duration lease, lane::Cancellation* cancellation);

  std::vector<PermitQueue::KeyState> Snapshot() const { return queue_.Snapshot(); }

 private:
  // What a call may do for a permit now.
  struct Plan {
    bool ask_store = true;        // ask the store
    bool needs_share = false;     // not without a permit of the replica's share,
    bool share_suffices = false;  // which is enough, if the store does not answer
  };

  // Whether the store answers, and what follows from it. Thread-safe.
  class StoreWatch {
   public:
    explicit StoreWatch(const PermitsOptions& options);

    Plan MakePlan(SteadyTime now);
    void Answered();
    void Failed(SteadyTime now);
    void UsedShare(SteadyTime until);

   private:
    const int64_t max_lease_ns_;
    const int64_t probe_interval_ns_;
    std::mutex mutex_;
    std::optional<SteadyTime> silent_since_;  // guarded by mutex_; its first failure after its last answer
    SteadyTime next_probe_ = 0;               // guarded by mutex_
    SteadyTime share_binds_until_ = 0;        // guarded by mutex_
  };

  // One attempt: the permit, or nothing yet.
  lane::Task<std::optional<Permit>> TryShared(lane::Lane* lane, absl::string_view key, absl::Duration lease,
                                              PermitQueue::Permit* local);
  std::optional<PermitQueue::Permit> TakeShare(absl::string_view key);
  absl::Duration Poll() const;

  const PermitsOptions options_;
  const Clock* const clock_;
  SharedPermits* const shared_;
  const std::function<double()> random_;
  telemetry::Counters* const counters_;
  PermitQueue queue_;
  PermitQueue share_;  // the replica's own share; nobody waits in it
  StoreWatch watch_;
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

  explicit Permit(PermitQueue::Permit local, PermitQueue::Permit share = {})
      : local_(std::move(local)), share_(std::move(share)) {}
  Permit(PermitQueue::Permit local, PermitQueue::Permit share, Holding holding)
      : local_(std::move(local)), share_(std::move(share)), holding_(std::move(holding)) {}

  // Given back from the last to the first: when the next call in line begins to ask, the rest is free.
  PermitQueue::Permit local_;
  PermitQueue::Permit share_;
  Holding holding_;
};

}  // namespace interaction::call
