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
  absl::Duration settle_for =
      absl::Minutes(10);  // how long to repeat what Redis did not confirm: longer than any lease
  int64_t max_unsettled_bytes =
      32 << 20;  // of results that Redis has not confirmed; beyond this, records become unknown
};

// Keeps the records in Redis, for all replicas. Each is a hash at `idem:1:{<key in hex>}`:
//
//   st     P, U or D: pending, unknown, done
//   fp     the fingerprint           lease  when a pending record turns unknown, ms
//   own    the owner                 t0     when it was claimed, ms
//   res    of D: 16 hex digits of the reply's SHA-256, then the reply
//
// Claim, finish and release are one Lua script each, so that every step is atomic, uses one key, and takes the time
// from Redis: replicas need not have the same time. Redis itself expires the records.
//
// Fails closed. If Redis does not answer, a claim is an error after at most two timeouts of the client: it is tried
// twice with the same owner, so the second try finds what the first may have written. A record that is damaged or of
// another type reads as unknown.
//
// The result of a call survives an outage of Redis. `done` of Finish and Release reports the first attempt; in the
// background the attempts go on, 50 ms to 2 s apart, for `settle_for`. Until Redis confirms the result, this replica
// answers claims from memory, since nobody else may change the record. If Redis lost the record, it is written anew
// with the result. One gap remains: Redis loses a pending record, and another replica gets the same call before the
// first has ended. So Redis should persist (appendonly) or be replicated.
//
// `done` runs on the client's thread, or on the caller's before the function returns.
class RedisRecordStore final : public RecordStore {
 public:
  // All outlive the store. Callbacks may run after the store is destroyed, until the client is.
  RedisRecordStore(const RedisRecordStoreOptions& options, redis::Client* client, const Clock* clock,
                   telemetry::Logger* logger);
  ~RedisRecordStore() override;

  void MakeClaim(const ClaimRequest& request, absl::AnyInvocable<void(absl::StatusOr<Claim>) &&> done) override;
  void Finish(const Digest& key, Owner owner, Settlement settlement, std::string reply,
              absl::AnyInvocable<void(absl::Status) &&> done) override;
  void Release(const Digest& key, Owner owner, absl::AnyInvocable<void(absl::Status) &&> done) override;

  // How many results Redis has not confirmed yet. Before the process ends, wait a moment for 0.
  int64_t unsettled() const;

 private:
  class Records;

  const std::shared_ptr<Records> records_;  // shared with callbacks that have yet to run
};

}  // namespace interaction::records
