#pragma once

#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/node_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/base/clock.h"
#include "server/telemetry/counters.h"

namespace interaction::limits {

struct PermitQueueOptions {
  int limit = 0;                // permits of a key at once; 0: no limit, and nothing else here happens either
  int max_waiting_per_key = 8;  // calls that wait for a permit of one key,
  int max_waiting = 1024;       // and of all keys
  int max_keys = 4096;          // remembered; what is in use is remembered beyond that
  absl::Duration park_for = absl::Minutes(15);
  std::string limit_name;  // the configuration's key for `limit`: metadata "limit" of OVERLOADED
};

// Permits to use a credential: a few at once, the rest waits in line. Also counts the uses of the day, and parks a
// credential whose daily quota is used up: then calls are refused at once, but for one every `park_for` that goes to
// see.
//
// A key stands for a credential and is never the credential itself; a fingerprint will do. Thread-safe: a lock of its
// own, under which nothing is called.
class PermitQueue {
  struct Key;

 public:
  // One use of a credential. Movable, and given back when it is destroyed, on any thread. The queue must outlive it.
  class Permit {
   public:
    Permit() = default;  // of a queue without a limit: does nothing
    Permit(Permit&& other) noexcept
        : queue_(std::exchange(other.queue_, nullptr)),
          key_(other.key_),
          since_(other.since_),
          is_probe_(other.is_probe_) {}
    Permit& operator=(Permit&&) = delete;
    ~Permit() {
      if (queue_) queue_->Release(*this);
    }

    // A request is about to be sent with the credential.
    void CountUse() {
      if (queue_) queue_->CountUse(*key_);
    }

    // What came of it. UPSTREAM_DAILY_QUOTA parks the credential; the success of a call that went to see unparks it.
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

  // Somebody who waits in line. Must live until OnPermit() or until Withdraw() has returned true.
  class Waiter {
   public:
    // Once, unless withdrawn: the permit, DEADLINE_BEFORE_SEND, or UPSTREAM_DAILY_QUOTA if the key was parked
    // meanwhile. On the thread that gave a permit back or parked the key.
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

  // What is known of a key, for metrics.
  struct KeyState {
    std::string key;
    int active = 0;
    int waiting = 0;
    int64_t uses_today = 0;  // since midnight, UTC
    bool parked = false;
  };

  // `clock` and `counters` outlive the queue; `counters` may be null.
  PermitQueue(const PermitQueueOptions& options, const Clock* clock, telemetry::Counters* counters);

  // A permit, when one is free and nobody waits; nothing, when `waiter` is in line from now on; or at once an error:
  //
  // - OVERLOADED: the line is full, or longer than the time to `deadline`, judging by how long permits are held.
  // - UPSTREAM_DAILY_QUOTA: the key is parked. RetryInfo says until when, metadata "parked" that the upstream was not
  //   asked.
  std::optional<absl::StatusOr<Permit>> Acquire(absl::string_view key, SteadyTime deadline, Waiter* waiter);

  // Leaves the line. False: too late, OnPermit() is running or about to.
  bool Withdraw(Waiter* waiter);

  // The error of a wait that took until its deadline; it is counted.
  absl::Status Expired() const;

  // Of all keys that are remembered, in no order.
  std::vector<KeyState> Snapshot() const;

 private:
  struct Key {
    absl::string_view name;
    int active = 0;
    std::list<Waiter*> waiting;
    int64_t hold_ns = 0;  // for how long permits are held: moving average; 0: not known yet
    int64_t day = 0;      // of `uses`, since 1970
    int64_t uses = 0;
    bool parked = false;
    bool probing = false;  // a call has gone to see
    SteadyTime probe_at = 0;
    std::string quota_subject;
  };

  // The end of a wait, to be told without the lock.
  struct Ending {
    Waiter* waiter;
    absl::StatusOr<Permit> permit;
  };

  void Release(const Permit& permit);
  void CountUse(Key& key);
  void Park(Key& key, std::string quota_subject, bool by_probe);
  void Unpark(Key& key);

  // With mutex_ held.
  Key& Find(absl::string_view name);
  void MakeRoom();
  absl::StatusOr<Permit> AcquireParked(Key& key, SteadyTime now);
  absl::Status Enqueue(Key& key, SteadyTime now, SteadyTime deadline, Waiter* waiter);
  Permit Grant(Key& key, SteadyTime now, bool is_probe = false);
  Waiter* TakeFirst(Key& key);
  void ForgetIfIdle(Key& key);

  static void Tell(std::vector<Ending> endings);
  absl::Status Overloaded(absl::Duration expected_wait) const;
  int64_t Today() const;

  const PermitQueueOptions options_;
  const Clock* const clock_;
  telemetry::Counters* const counters_;
  mutable std::mutex mutex_;
  absl::node_hash_map<std::string, Key> keys_;  // guarded by mutex_
  int waiting_ = 0;                             // guarded by mutex_
  int64_t today_ = 0;                           // guarded by mutex_; the day of the last use
};

}  // namespace interaction::limits
