#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/call/call.h"
#include "server/call/work.h"
#include "server/lane/cancellation.h"
#include "server/lane/lane.h"
#include "server/lane/task.h"
#include "server/records/digest.h"
#include "server/records/record_id.h"
#include "server/records/record_store.h"
#include "server/records/work_table.h"
#include "server/telemetry/counters.h"
#include "server/upstream/upstream.h"

namespace interaction::records {

struct OnceOptions {
  uint64_t replica = 0;                 // random: part of the owner of a claim
  bool serve_on_store_failure = false;  // unprotected, rather than not at all
  // How long a call waits for one with the same request_id that is under way in another replica.
  absl::Duration wait_for_other_replica = absl::Seconds(5);
  absl::Duration first_poll = absl::Milliseconds(25);  // doubles, up to
  absl::Duration max_poll = absl::Milliseconds(250);
};

// Makes calls with a request_id (AIP-155) exactly-once in effect: claims their record before anything is sent, lets
// repeated calls wait for the first one's work, and settles the record with what came of it. Thread-safe.
class Once {
 public:
  // `digest` makes fingerprints: with the same key in all replicas that share a store. Null for a store that no other
  // process can read: 64 bits that mean something in this process only do there, and are quicker. What is passed as
  // pointer outlives this; `counters` may be null.
  Once(const OnceOptions& options, const KeyedDigest* digest, RecordStore* store, telemetry::Counters* counters);

  // Serves a call with a request_id and a request, until its time is over (call.answer_by). `shutdown`: of what is in
  // flight on the call's lane. The call is answered by its own work, by that of an earlier call under way, or from the
  // record; what the work finds out counts for the record also when the call does not wait any more.
  //
  // Errors of its own: REQUEST_ID_REUSED, OUTCOME_UNKNOWN, REQUEST_IN_PROGRESS when another replica was not done in
  // time, IDEMPOTENCY_STORE_... when the store cannot tell.
  lane::Task<call::WorkResult> Run(std::shared_ptr<call::Call> call, lane::Cancellation* shutdown);

  // The record of a call: the caller's by how it was identified, or else by its own credential, if it brings one, so
  // that nobody reads another's answer.
  RecordId Identify(const call::Call& call) const;

 private:
  // The work of a call with a record: claim, send, settle.
  lane::Task<call::WorkResult> RunRecorded(std::shared_ptr<call::Work> work, RecordId record);
  lane::Task<call::WorkResult> ClaimSendSettle(call::Work* work, RecordStore::ClaimRequest request);
  lane::Task<call::WorkResult> SendBypassed(call::Work* work);
  lane::Task<absl::StatusOr<RecordStore::Claim>> Claim(call::Work* work, const RecordStore::ClaimRequest* request);
  // Asks again and again until the other replica is done or the call's time is over.
  lane::Task<absl::StatusOr<RecordStore::Claim>> WaitForOtherReplica(call::Work* work,
                                                                     const RecordStore::ClaimRequest* request);
  // What follows from the claim: nothing when the request is to be sent and the claim to be settled; the reply of an
  // earlier call; or the error to answer with.
  absl::StatusOr<std::optional<upstream::Reply>> Conclude(const RecordStore::ClaimRequest& request,
                                                          absl::StatusOr<RecordStore::Claim> claim,
                                                          const lane::Cancellation& cancellation);
  absl::StatusOr<std::optional<upstream::Reply>> Read(RecordStore::Claim claim) const;
  // Whether a call whose claim failed is to be served without a record, so that repeating it may open a second
  // interaction: only if that was asked for, and only when the store failed.
  bool Bypasses(const absl::Status& error) const;
  void Settle(const RecordStore::ClaimRequest& request, const absl::StatusOr<upstream::Reply>& result,
              absl::AnyInvocable<void(absl::Status) &&> done);
  void Count(telemetry::Counter counter) const {
    if (counters_) counters_->Add(counter);
  }

  const OnceOptions options_;
  const KeyedDigest* const digest_;
  RecordStore* const store_;
  telemetry::Counters* const counters_;
  WorkTable under_way_;
  std::atomic<uint64_t> next_claim_{0};  // a number for each claim of this process
};

}  // namespace interaction::records
