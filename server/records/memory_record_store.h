#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <list>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "server/base/clock.h"
#include "server/base/mutex.h"
#include "server/records/record_store.h"

namespace interaction::records {

struct MemoryRecordStoreOptions {
  int64_t max_records = 1'000'000;
  int64_t max_bytes = 512 << 20;  // of all records, with their overhead
  absl::Duration done_ttl = absl::Hours(24);
  absl::Duration unknown_ttl = absl::Hours(72);
};

// Keeps the records in this process, for a single replica: they are lost when it ends, and other replicas do not see
// them.
//
// Every `done` runs on the caller's thread, before the function returns. Leases and expiry follow the steady clock.
// When the store is full, a claim is refused with IDEMPOTENCY_STORE_FULL and RetryInfo. Finishing is never refused, so
// the replies of pending claims may exceed max_bytes.
//
// Records are spread over shards by their key, each with its own lock, which is held for a few hundred nanoseconds.
// Each claim removes a few expired records, so the work per call is constant and no thread is needed.
class MemoryRecordStore final : public RecordStore {
 public:
  // `clock` outlives the store.
  MemoryRecordStore(const MemoryRecordStoreOptions& options, const Clock* clock);

  void MakeClaim(const ClaimRequest& request, absl::AnyInvocable<void(absl::StatusOr<Claim>) &&> done) override;
  void Finish(const Digest& key, Owner owner, Settlement settlement, std::string reply,
              absl::AnyInvocable<void(absl::Status) &&> done) override;
  void Release(const Digest& key, Owner owner, absl::AnyInvocable<void(absl::Status) &&> done) override;

  // The number of records and their bytes. Expired ones count until a later claim removes them.
  int64_t size() const { return size_.load(std::memory_order_relaxed); }
  int64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  enum State { kPending, kUnknown, kDone };  // as stored; a pending record whose lease has run out reads as unknown

  struct Record {
    Digest key;
    Digest fingerprint;
    Owner owner;
    std::string reply;
    SteadyTime claimed;
    SteadyTime lease_until;
    SteadyTime expires;
    State state = kPending;
  };
  using Records = std::list<Record>;

  // Small, because there may be a million of them. Holds the part of the key that is its hash, so that most lookups and
  // all rehashing need not touch the record.
  struct Entry {
    size_t hash;
    Records::iterator record;
  };
  struct EntryHash {
    using is_transparent = void;
    size_t operator()(const Entry& entry) const { return entry.hash; }
    size_t operator()(const Digest& key) const { return DigestHash()(key); }
  };
  struct EntryHasKey {
    using is_transparent = void;
    bool operator()(const Entry& a, const Entry& b) const { return a.record == b.record; }
    bool operator()(const Entry& entry, const Digest& key) const {
      return entry.hash == DigestHash()(key) && entry.record->key == key;
    }
  };

  using Index = absl::flat_hash_set<Entry, EntryHash, EntryHasKey>;

  // Pending records are few and short-lived. They have an index of their own and memory that is reused, so they stay in
  // the CPU's cache; records that are kept for a day are written once.
  struct Shard {
    Mutex mutex;
    Index pending ABSL_GUARDED_BY(mutex);
    Index settled ABSL_GUARDED_BY(mutex);
    // Lists by state, in the order of arrival. That is the order of expiry, too, except for pending records with leases
    // of different lengths, some of which are removed a little late.
    std::array<Records, 3> records ABSL_GUARDED_BY(mutex);

    Index& IndexOf(State state) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) { return state == kPending ? pending : settled; }
  };

  static int64_t CostOf(const Record& record);
  static State StateAt(const Record& record, SteadyTime now);

  Shard& ShardOf(const Digest& key) { return shards_[static_cast<unsigned char>(key.back()) % shards_.size()]; }
  Claim Read(const Record& record, const ClaimRequest& request, SteadyTime now) const;
  absl::StatusOr<Claim> ClaimNow(const ClaimRequest& request);
  absl::Status FinishNow(const Digest& key, Owner owner, Settlement settlement, std::string reply);
  void ReleaseNow(const Digest& key, Owner owner);

  std::optional<Records::iterator> Find(Shard& shard, const Digest& key, SteadyTime now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);
  bool Insert(Shard& shard, const ClaimRequest& request, SteadyTime now)  // false: full
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);
  void Settle(Shard& shard, Records::iterator record, State state, SteadyTime expires, std::string reply)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);
  void Erase(Shard& shard, Records::iterator record) ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);
  void Sweep(Shard& shard, SteadyTime now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);

  void SweepAll(SteadyTime now);

  const MemoryRecordStoreOptions options_;
  const int64_t done_ttl_;  // nanoseconds
  const int64_t unknown_ttl_;
  const Clock* const clock_;
  std::atomic<int64_t> size_{0};
  std::atomic<int64_t> bytes_{0};
  std::array<Shard, 4> shards_;  // few enough to stay in the CPU's cache between two calls
};

}  // namespace interaction::records
