#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/node_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/base/clock.h"
#include "server/base/mutex.h"
#include "server/telemetry/counters.h"

namespace interaction::limits {

struct PermitQueueOptions {
  int limit = 0;                // permits of a key at a time; 0: no limit, and the queue does nothing at all
  int max_waiting_per_key = 8;  // calls that wait for a permit of one key
  int max_waiting = 1024;       // calls that wait for a permit of any key
  int max_keys = 4096;          // remembered, not counting those in use
  absl::Duration park_for = absl::Minutes(15);
  std::string limit_name;  // the configuration's key for `limit`: metadata "limit" of OVERLOADED
};

// Permits to use a credential: a few at a time, while other calls wait in line. Also counts the uses of the day, and
// parks a credential whose daily quota is used up: calls are then refused at once, except for one every `park_for` that
// probes the upstream.
//
// A key stands for a credential, such as its fingerprint, and is never the credential itself. Thread-safe: it has its
// own lock and calls nothing while holding it.
class PermitQueue {
  struct Key;

 public:
  // One use of a credential. Movable; its destructor gives it back, on any thread. The queue must outlive it.
  class Permit {
   public:
    Permit() = default;  // from a queue without a limit: does nothing
    Permit(Permit&& other) noexcept
        : queue_(std::exchange(other.queue_, nullptr)),
          key_(other.key_),
          since_(other.since_),
          is_probe_(other.is_probe_) {}
    Permit& operator=(Permit&&) = delete;
    ~Permit() {
      if (queue_) queue_->Release(*this);
    }

    // Reports that a request is about to be sent with the credential.
    void CountUse() {
      if (queue_) queue_->CountUse(*key_);
    }

    // Reports the result. UPSTREAM_DAILY_QUOTA parks the credential; the success of a probe unparks it.
    void Settle(const absl::Status& result_of_exchange);

   private:
    friend class PermitQueue;
    Permit(PermitQueue* queue, Key* key, SteadyTime since, bool is_probe)
        : queue_(queue), key_(key), since_(since), is_probe_(is_probe) {}

    PermitQueue* queue_ = nullptr;
    Key* key_ = nullptr;
    SteadyTime since_ = 0;
    bool is_probe_ = false;
  };

  // A call that waits in line. It must live until OnPermit() or until Withdraw() has returned true.
  class Waiter {
   public:
    // Called once, unless withdrawn: with the permit, with DEADLINE_BEFORE_SEND, or with UPSTREAM_DAILY_QUOTA if the
    // key was parked meanwhile. Runs on the thread that gave a permit back or parked the key.
    virtual void OnPermit(absl::StatusOr<Permit> permit) = 0;

   protected:
    Waiter() = default;
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;
    virtual ~Waiter() = default;

   private:
    friend class PermitQueue;
    Key* key_ = nullptr;  // while in line
    std::list<Waiter*>::iterator place_;
    SteadyTime deadline_ = 0;
  };

  // The state of a key, for metrics.
  struct KeyState {
    std::string key;
    int active = 0;
    int waiting = 0;
    int64_t uses_today = 0;  // since midnight, UTC
    bool parked = false;
  };

  // `clock` and `counters` outlive the queue; `counters` may be null.
  PermitQueue(const PermitQueueOptions& options, const Clock* clock, telemetry::Counters* counters);

  // Returns a permit if one is free and nobody waits, or nothing if `waiter` now waits in line, or an error:
  //
  // - OVERLOADED: the line is full, or the wait would be longer than the time to `deadline`, judging by how long
  // permits are held.
  // - UPSTREAM_DAILY_QUOTA: the key is parked. RetryInfo says until when, metadata "parked" that the upstream was not
  //   asked.
  std::optional<absl::StatusOr<Permit>> Acquire(absl::string_view key, SteadyTime deadline, Waiter* waiter);

  // Leaves the line. False if it is too late: OnPermit() is running or about to run.
  bool Withdraw(Waiter* waiter);

  // The error of a wait that lasted until its deadline; counts it.
  absl::Status Expired() const;

  // The state of all remembered keys, in no particular order.
  std::vector<KeyState> Snapshot() const;

 private:
  struct Key {
    absl::string_view name;
    int active = 0;
    std::list<Waiter*> waiting;
    int64_t hold_ns = 0;  // how long permits are held, a moving average; 0: not known yet
    int64_t day = 0;      // the day that `uses` counts, since 1970
    int64_t uses = 0;
    bool parked = false;
    bool probing = false;  // a probe is in flight
    SteadyTime probe_at = 0;
    std::string quota_subject;
  };

  // The end of a wait, reported after the lock is released.
  struct Ending {
    Waiter* waiter;
    absl::StatusOr<Permit> permit;
  };

  void Release(const Permit& permit);
  void CountUse(Key& key);
  void Park(Key& key, std::string quota_subject, bool by_probe);
  void Unpark(Key& key);

  Key& Find(absl::string_view name) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void MakeRoom() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<Permit> AcquireParked(Key& key, SteadyTime now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Enqueue(Key& key, SteadyTime now, SteadyTime deadline, Waiter* waiter)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Permit Grant(Key& key, SteadyTime now, bool is_probe = false) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Waiter* TakeFirst(Key& key) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ForgetIfIdle(Key& key) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  static void Tell(std::vector<Ending> endings);
  absl::Status Overloaded(absl::Duration expected_wait) const;
  int64_t Today() const;

  const PermitQueueOptions options_;
  const Clock* const clock_;
  telemetry::Counters* const counters_;
  mutable Mutex mutex_;
  absl::node_hash_map<std::string, Key> keys_ ABSL_GUARDED_BY(mutex_);
  int waiting_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t today_ ABSL_GUARDED_BY(mutex_) = 0;  // the day of the last use
};

}  // namespace interaction::limits
