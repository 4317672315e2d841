#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/call/digest.h"
#include "server/call/flight.h"
#include "server/call/flight_table.h"
#include "server/call/record_id.h"
#include "server/call/record_store.h"
#include "server/lane/callback.h"
#include "server/lane/cancellation.h"
#include "server/lane/lane.h"
#include "server/lane/task.h"
#include "server/telemetry/counters.h"

namespace interaction::call {

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
  // process can read: 64 bits that mean something in this process only do there, and are quicker. What is passed as
  // pointer outlives this; `counters` may be null.
  Idempotency(const IdempotencyOptions& options, const KeyedDigest* digest, RecordStore* store,
              telemetry::Counters* counters);

  // The record of a call. `request_id` in canonical form. `caller`: who calls, so that nobody reads another's answer;
  // may be a secret. `asks_for`: the same bytes for every request that asks for the same, with no credential in it.
  RecordId Identify(absl::string_view method, absl::string_view request_id, const Caller& caller,
                    absl::string_view asks_for) const;

  FlightTable& flights() { return flights_; }

  // A claim of this process; unique.
  RecordStore::Owner NewOwner();

  // What a call with a record does before its work, in this order (dispatch.cc). `request` outlives what is awaited.
  //
  // Asks the store once. To be awaited.
  auto Claim(lane::Lane* lane, const RecordStore::ClaimRequest* request) {
    return lane::Callback<absl::StatusOr<RecordStore::Claim>>(
        lane, [this, request](auto done) { store_->MakeClaim(*request, std::move(done)); });
  }
  // If another replica is at it: asks again and again, until it is done or `until` would pass.
  lane::Task<absl::StatusOr<RecordStore::Claim>> WaitForOtherReplica(lane::Lane* lane,
                                                                     const RecordStore::ClaimRequest* request,
                                                                     SteadyTime until,
                                                                     lane::Cancellation* cancellation);
  // What to do then: nothing, when the work may begin and must be settled with the same owner. The answer, when there
  // is one already. Otherwise the error to answer with: REQUEST_ID_REUSED, OUTCOME_UNKNOWN, REQUEST_IN_PROGRESS when
  // the other replica was not done in time, IDEMPOTENCY_STORE_... when nobody can tell, or that of CancelledError().
  absl::StatusOr<std::optional<Answer>> Conclude(const RecordStore::ClaimRequest& request,
                                                 absl::StatusOr<RecordStore::Claim> claim,
                                                 const lane::Cancellation& cancellation);

  // Whether a call whose claim failed with `error` is to be served without a record, so that repeating it may open a
  // second interaction: only if that was asked for, and only when the store failed.
  bool Bypasses(const absl::Status& error) const;

  // Ends the claim with the result of the work: done, unknown, or released if surely nothing was opened. To be awaited;
  // the store does not take long, and goes on trying what it could not do at once. `result` outlives it.
  auto Settle(lane::Lane* lane, const RecordStore::ClaimRequest* request, const absl::StatusOr<std::string>* result) {
    return lane::Callback<absl::Status>(
        lane, [this, request, result](auto done) { Settle(*request, *result, std::move(done)); });
  }

 private:
  absl::StatusOr<std::optional<Answer>> Read(RecordStore::Claim claim) const;
  void Settle(const RecordStore::ClaimRequest& request, const absl::StatusOr<std::string>& result,
              absl::AnyInvocable<void(absl::Status) &&> done);
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
