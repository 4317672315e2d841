#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "server/base/clock.h"
#include "server/records/record_store.h"
#include "server/redis/client.h"
#include "server/telemetry/log.h"

namespace interaction::records {

struct RedisRecordStoreOptions {
  absl::Duration done_ttl = absl::Hours(24);
  absl::Duration unknown_ttl = absl::Hours(72);
  absl::Duration settle_for = absl::Minutes(10);  // how long Redis is told again what it did not take: above all leases
  int64_t max_unsettled_bytes = 32 << 20;  // of what Redis was not told yet; beyond them records decay to unknown
};

// Keeps the records in Redis, for all replicas. Each is a hash at `idem:1:{<key in hex>}`:
//
//   st     P, U or D: pending, unknown, done
//   fp     the fingerprint           lease  when a pending record turns unknown, ms
//   own    the owner                 t0     when it was claimed, ms
//   res    of D: 16 hex digits of the reply's SHA-256, then the reply
//
// Claim, finish and release are one Lua script each, so that every step is atomic, touches one key, and takes the time
// from Redis: replicas need not agree about theirs. Expiry is Redis' own.
//
// Fails closed. Without an answer of Redis a claim is an error, after at most two timeouts of the client: it is tried
// twice, with the same owner, so the second finds what the first may have written. A record that is damaged or of
// another type reads unknown.
//
// The end of a call outlives an outage of Redis. `done` of Finish and Release hears of the first attempt; behind it the
// attempts go on, 50 ms to 2 s apart, for `settle_for`. Until Redis has taken the end, claims in this replica are
// answered from here: nobody else may change the record meanwhile. A Redis that lost the record is given it anew with
// the end of the call. What stays possible is that Redis loses a pending record and another replica is asked for the
// same call before it ends: Redis should persist (appendonly), or be replicated.
//
// `done` runs on the client's thread, or on the caller's before the function returns.
class RedisRecordStore final : public RecordStore {
 public:
  // All outlive the store. Callbacks may come after the store's end, until the client's.
  RedisRecordStore(const RedisRecordStoreOptions& options, redis::Client* client, const Clock* clock,
                   telemetry::Logger* logger);
  ~RedisRecordStore() override;

  void MakeClaim(const ClaimRequest& request, absl::AnyInvocable<void(absl::StatusOr<Claim>) &&> done) override;
  void Finish(const Digest& key, Owner owner, Settlement settlement, std::string reply,
              absl::AnyInvocable<void(absl::Status) &&> done) override;
  void Release(const Digest& key, Owner owner, absl::AnyInvocable<void(absl::Status) &&> done) override;

  // How many ends of calls Redis has not confirmed yet. At the end of the process it is worth a moment's wait for 0.
  int64_t unsettled() const;

 private:
  class Records;

  const std::shared_ptr<Records> records_;  // shared with callbacks on their way
};

}  // namespace interaction::records
