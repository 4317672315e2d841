#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/call/digest.h"
#include "server/call/flight.h"
#include "server/call/flight_table.h"
#include "server/call/record_store.h"
#include "server/lane/lane.h"
#include "server/lane/task.h"
#include "server/telemetry/counters.h"

namespace interaction::call {

// Which record belongs to a call.
struct RecordId {
  Digest key{};          // of caller, method and request_id
  Digest fingerprint{};  // of what the request asks for
};

// Who calls, as far as is known.
struct Caller {
  absl::string_view known_by;  // "certificate", "credential" or "", of which nobody is another
  absl::string_view name;
};

struct IdempotencyOptions {
  uint64_t replica = 0;                 // random: part of the owner of a claim
  bool serve_on_store_failure = false;  // unprotected, rather than not at all
  // How long a call waits for one with the same request_id that is under way in another replica.
  absl::Duration wait_for_other_replica = absl::Seconds(5);
  absl::Duration first_poll = absl::Milliseconds(25);  // doubles, up to
  absl::Duration max_poll = absl::Milliseconds(250);
};

// Makes a call with a request_id (AIP-155) exactly-once in effect: claims its record before anything is sent, and
// settles it afterwards. Thread-safe.
class Idempotency {
 public:
  // `digest` makes fingerprints: with the same key in all replicas that share a store. Null for a store that no other
  // process can read: plain SHA-256 does there, and takes half the time. What is passed as pointer outlives this;
  // `counters` may be null.
  Idempotency(const IdempotencyOptions& options, const KeyedDigest* digest, RecordStore* store,
              telemetry::Counters* counters);

  // The record of a call. `request_id` in canonical form. `caller`: who calls, so that nobody reads another's answer;
  // may be a secret. `asks_for`: the same bytes for every request that asks for the same, with no credential in it.
  RecordId Identify(absl::string_view method, absl::string_view request_id, const Caller& caller,
                    absl::string_view asks_for) const;

  FlightTable& flights() { return flights_; }

  // A claim of this process; unique.
  RecordStore::Owner NewOwner();

  // Claims the record: nothing, when the work may begin and must be settled with the same owner. The answer, when there
  // is one already. Otherwise the error to answer with: REQUEST_ID_REUSED, OUTCOME_UNKNOWN, REQUEST_IN_PROGRESS when
  // another replica is at it and not done in time (nor by `until`), IDEMPOTENCY_STORE_... when nobody can tell, or that
  // of CancelledError().
  lane::Task<absl::StatusOr<std::optional<Answer>>> Claim(lane::Lane* lane, const RecordId* id,
                                                          RecordStore::Owner owner, absl::Duration lease,
                                                          SteadyTime until, lane::Cancellation* cancellation);

  // Whether a call whose claim failed with `error` is to be served without a record, so that repeating it may open a
  // second interaction: only if that was asked for, and only when the store failed.
  bool Bypasses(const absl::Status& error) const;

  // Ends the claim with the result of the work: done, unknown, or released if surely nothing was opened. Waits for the
  // store, but not long; what it could not tell the store, it goes on trying to.
  lane::Task<void> Settle(lane::Lane* lane, const RecordId* id, RecordStore::Owner owner,
                          const absl::StatusOr<std::string>* result);

 private:
  absl::StatusOr<std::optional<Answer>> Read(RecordStore::Claim claim) const;
  void Count(telemetry::Counter counter) const {
    if (counters_) counters_->Add(counter);
  }

  const IdempotencyOptions options_;
  const KeyedDigest* const digest_;
  RecordStore* const store_;
  telemetry::Counters* const counters_;
  FlightTable flights_;
  std::atomic<uint64_t> next_owner_{0};
};

}  // namespace interaction::call
