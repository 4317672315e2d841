#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "server/base/clock.h"
#include "server/records/record_store.h"

namespace interaction::records {

struct MemoryRecordStoreOptions {
  int64_t max_records = 1'000'000;
  int64_t max_bytes = 512 << 20;  // of all records, with what they cost beside their texts
  absl::Duration done_ttl = absl::Hours(24);
  absl::Duration unknown_ttl = absl::Hours(72);
};

// Keeps the records in this process. They end with it, and another replica does not see them: for a single replica.
//
// Every `done` runs on the caller's thread, before the function returns. Leases and expiry follow the steady clock.
// When the store is full, a claim is refused with IDEMPOTENCY_STORE_FULL and RetryInfo; finishing never is, so replies
// may exceed max_bytes by those of the claims under way.
//
// Records are spread over shards by their key, each with a lock of its own that is held for some hundred nanoseconds.
// A claim takes a few records away that have expired, so the work stays constant per call and no thread is needed.
class MemoryRecordStore final : public RecordStore {
 public:
  // `clock` outlives the store.
  MemoryRecordStore(const MemoryRecordStoreOptions& options, const Clock* clock);

  void MakeClaim(const ClaimRequest& request, absl::AnyInvocable<void(absl::StatusOr<Claim>) &&> done) override;
  void Finish(const Digest& key, Owner owner, Settlement settlement, std::string reply,
              absl::AnyInvocable<void(absl::Status) &&> done) override;
  void Release(const Digest& key, Owner owner, absl::AnyInvocable<void(absl::Status) &&> done) override;

  // How many records there are, and their bytes. Expired ones count until a later claim takes them away.
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

  // Small, for there may be a million of them: of the key only the part that is the hash, so that most entries that a
  // search passes by, and all that move when the table grows, do not need their record.
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

  // Pending records are few and gone soon. In an index of their own, and in memory that the next one takes again, they
  // stay in the cache; what lies there for a day is written once.
  struct Shard {
    std::mutex mutex;
    Index pending;
    Index settled;
    // By state, each in the order in which records came to it; that is the order in which they expire, apart from
    // pending ones with leases of different lengths, which may leave that much late.
    std::array<Records, 3> records;

    Index& IndexOf(State state) { return state == kPending ? pending : settled; }
  };

  static int64_t CostOf(const Record& record);
  static State StateAt(const Record& record, SteadyTime now);

  Shard& ShardOf(const Digest& key) { return shards_[static_cast<unsigned char>(key.back()) % shards_.size()]; }
  Claim Read(const Record& record, const ClaimRequest& request, SteadyTime now) const;
  absl::StatusOr<Claim> ClaimNow(const ClaimRequest& request);
  absl::Status FinishNow(const Digest& key, Owner owner, Settlement settlement, std::string reply);
  void ReleaseNow(const Digest& key, Owner owner);

  // With the shard's lock held.
  std::optional<Records::iterator> Find(Shard& shard, const Digest& key, SteadyTime now);
  bool Insert(Shard& shard, const ClaimRequest& request, SteadyTime now);  // false: full
  void Settle(Shard& shard, Records::iterator record, State state, SteadyTime expires, std::string reply);
  void Erase(Shard& shard, Records::iterator record);
  void Sweep(Shard& shard, SteadyTime now);

  void SweepAll(SteadyTime now);

  const MemoryRecordStoreOptions options_;
  const int64_t done_ttl_;  // nanoseconds
  const int64_t unknown_ttl_;
  const Clock* const clock_;
  std::atomic<int64_t> size_{0};
  std::atomic<int64_t> bytes_{0};
  std::array<Shard, 4> shards_;  // few enough to stay in the cache between two calls
};

}  // namespace interaction::records
