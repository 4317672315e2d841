#include "server/records/memory_record_store.h"

#include <utility>

#include "server/base/errors.h"
#include "server/base/mutex.h"

namespace interaction::records {
namespace {

// The overhead of a record: the list's node, the slot in the index at its usual load, the allocator's share.
constexpr int64_t kRecordOverhead = 128;

// How many expired records of each state a claim removes. More than the one that it adds, so that the store shrinks
// again after a burst; few, so that no single call pays for an old burst.
constexpr int kSweptPerClaim = 4;

constexpr absl::Duration kRetryWhenFull = absl::Seconds(1);

}  // namespace

MemoryRecordStore::MemoryRecordStore(const MemoryRecordStoreOptions& options, const Clock* clock)
    : options_(options),
      done_ttl_(absl::ToInt64Nanoseconds(options.done_ttl)),
      unknown_ttl_(absl::ToInt64Nanoseconds(options.unknown_ttl)),
      clock_(clock) {}

void MemoryRecordStore::MakeClaim(const ClaimRequest& request,
                                  absl::AnyInvocable<void(absl::StatusOr<Claim>) &&> done) {
  std::move(done)(ClaimNow(request));
}

void MemoryRecordStore::Finish(const Digest& key, Owner owner, Settlement settlement, std::string reply,
                               absl::AnyInvocable<void(absl::Status) &&> done) {
  std::move(done)(FinishNow(key, owner, settlement, std::move(reply)));
}

void MemoryRecordStore::Release(const Digest& key, Owner owner, absl::AnyInvocable<void(absl::Status) &&> done) {
  ReleaseNow(key, owner);
  std::move(done)(absl::OkStatus());
}

absl::StatusOr<RecordStore::Claim> MemoryRecordStore::ClaimNow(const ClaimRequest& request) {
  Shard& shard = ShardOf(request.key);
  const SteadyTime now = clock_->SteadyNow();
  for (const bool last_try : {false, true}) {
    {
      const MutexLock lock(&shard.mutex);
      Sweep(shard, now);
      if (const auto record = Find(shard, request.key, now)) return Read(**record, request, now);
      if (Insert(shard, request, now)) return Claim{.result = ClaimResult::kClaimed};
    }
    // Full, but perhaps of expired records in shards that no claim has visited since.
    if (!last_try) SweepAll(now);
  }
  return Error(Reason::kIdempotencyStoreFull).In(Phase::kStore).WithRetryAfter(kRetryWhenFull).ToStatus();
}

absl::Status MemoryRecordStore::FinishNow(const Digest& key, Owner owner, Settlement settlement, std::string reply) {
  const bool too_long = reply.size() > kMaxReplyBytes;
  const bool done = settlement == Settlement::kDone && !too_long;
  Shard& shard = ShardOf(key);
  const SteadyTime now = clock_->SteadyNow();
  const MutexLock lock(&shard.mutex);
  const auto found = Find(shard, key, now);
  if (!found || (*found)->owner != owner) {
    return absl::FailedPreconditionError("the record is another owner's, or gone");
  }
  const Records::iterator record = *found;
  if (record->state == kDone) return absl::OkStatus();
  if (done) {
    Settle(shard, record, kDone, now + done_ttl_, std::move(reply));
  } else {
    Settle(shard, record, kUnknown, now + unknown_ttl_, "");
  }
  return too_long ? absl::ResourceExhaustedError("the reply is too long to be kept") : absl::OkStatus();
}

void MemoryRecordStore::ReleaseNow(const Digest& key, Owner owner) {
  Shard& shard = ShardOf(key);
  const SteadyTime now = clock_->SteadyNow();
  const MutexLock lock(&shard.mutex);
  const auto record = Find(shard, key, now);
  if (record && (*record)->owner == owner && StateAt(**record, now) == kPending) Erase(shard, *record);
}

int64_t MemoryRecordStore::CostOf(const Record& record) {
  return static_cast<int64_t>(sizeof(Record) + record.reply.size()) + kRecordOverhead;
}

MemoryRecordStore::State MemoryRecordStore::StateAt(const Record& record, SteadyTime now) {
  return record.state == kPending && now >= record.lease_until ? kUnknown : record.state;
}

RecordStore::Claim MemoryRecordStore::Read(const Record& record, const ClaimRequest& request, SteadyTime now) const {
  if (record.fingerprint != request.fingerprint) return {.result = ClaimResult::kMismatch};
  const State state = StateAt(record, now);
  if (state == kPending && record.owner == request.owner) return {.result = ClaimResult::kClaimed};
  const absl::Time first_attempt = clock_->WallNow() - absl::Nanoseconds(now - record.claimed);
  if (state == kDone) return {ClaimResult::kDone, record.reply, first_attempt, {}};
  if (state == kUnknown) return {ClaimResult::kUnknown, "", first_attempt, {}};
  return {ClaimResult::kInFlight, "", first_attempt, absl::Nanoseconds(record.lease_until - now)};
}

std::optional<MemoryRecordStore::Records::iterator> MemoryRecordStore::Find(Shard& shard, const Digest& key,
                                                                            SteadyTime now) {
  for (const Index* const index : {&shard.pending, &shard.settled}) {
    const auto found = index->find(key);
    if (found == index->end()) continue;
    if (found->record->expires > now) return found->record;
    Erase(shard, found->record);
    break;
  }
  return std::nullopt;
}

bool MemoryRecordStore::Insert(Shard& shard, const ClaimRequest& request, SteadyTime now) {
  constexpr int64_t cost = sizeof(Record) + kRecordOverhead;
  const bool fits = size_.fetch_add(1, std::memory_order_relaxed) < options_.max_records;
  if (bytes_.fetch_add(cost, std::memory_order_relaxed) + cost > options_.max_bytes || !fits) {
    size_.fetch_sub(1, std::memory_order_relaxed);
    bytes_.fetch_sub(cost, std::memory_order_relaxed);
    return false;
  }
  const SteadyTime lease_until = now + absl::ToInt64Nanoseconds(request.lease);
  Records& pending = shard.records[kPending];
  pending.push_back({.key = request.key,
                     .fingerprint = request.fingerprint,
                     .owner = request.owner,
                     .claimed = now,
                     .lease_until = lease_until,
                     .expires = lease_until + unknown_ttl_});
  shard.pending.insert({DigestHash()(request.key), std::prev(pending.end())});
  return true;
}

void MemoryRecordStore::Settle(Shard& shard, Records::iterator record, State state, SteadyTime expires,
                               std::string reply) {
  bytes_.fetch_add(static_cast<int64_t>(reply.size()), std::memory_order_relaxed);
  const State before = record->state;
  Records& records = shard.records[state];
  Record& settled = records.emplace_back(*record);
  settled.reply = std::move(reply);
  settled.expires = expires;
  settled.state = state;
  shard.IndexOf(before).erase(record->key);
  shard.settled.insert({DigestHash()(record->key), std::prev(records.end())});
  shard.records[before].erase(record);
}

void MemoryRecordStore::Erase(Shard& shard, Records::iterator record) {
  size_.fetch_sub(1, std::memory_order_relaxed);
  bytes_.fetch_sub(CostOf(*record), std::memory_order_relaxed);
  shard.IndexOf(record->state).erase(record->key);
  shard.records[record->state].erase(record);
}

void MemoryRecordStore::Sweep(Shard& shard, SteadyTime now) {
  for (Records& records : shard.records) {
    for (int i = 0; i < kSweptPerClaim && !records.empty() && records.front().expires <= now; ++i) {
      Erase(shard, records.begin());
    }
  }
}

void MemoryRecordStore::SweepAll(SteadyTime now) {
  for (Shard& shard : shards_) {
    const MutexLock lock(&shard.mutex);
    Sweep(shard, now);
  }
}

}  // namespace interaction::records
