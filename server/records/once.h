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
  bool serve_on_store_failure = false;  // serve such calls without protection instead of refusing them
  // How long a call waits for one with the same request_id that is in flight on another replica.
  absl::Duration wait_for_other_replica = absl::Seconds(5);
  absl::Duration first_poll = absl::Milliseconds(25);  // doubles, up to
  absl::Duration max_poll = absl::Milliseconds(250);
};

// Makes calls with a request_id (AIP-155) exactly-once in effect: claims the record before anything is sent, lets
// repeated calls wait for the work of the first, and settles the record with its result. Thread-safe.
class Once {
 public:
  // `digest` makes fingerprints, with the same key in all replicas that share a store. Null for a store that no other
  // process can read: a 64-bit hash with a random seed is enough there, and quicker. Whatever is passed as a pointer
  // outlives this; `counters` may be null.
  Once(const OnceOptions& options, const KeyedDigest* digest, RecordStore* store, telemetry::Counters* counters);

  // Serves a call that has a request_id and a request, until call.answer_by. `shutdown` is cancelled when the server
  // gives up the calls in flight on this lane. The answer comes from the call's own work, from the work of an earlier
  // call in flight, or from the record. The result of the work settles the record even if no call waits any more.
  //
  // Adds the errors REQUEST_ID_REUSED, OUTCOME_UNKNOWN, REQUEST_IN_PROGRESS if another replica did not finish in time,
  // and IDEMPOTENCY_STORE_... if the store has no answer.
  lane::Task<call::WorkResult> Run(std::shared_ptr<call::Call> call, lane::Cancellation* shutdown);

  // The record of a call. Its key contains the caller: its proven identity, or else the credential that it sent, if
  // any, so that nobody reads another caller's answer.
  RecordId Identify(const call::Call& call) const;

 private:
  // The work of a call with a record: claim, send, settle.
  lane::Task<call::WorkResult> RunRecorded(std::shared_ptr<call::Work> work, RecordId record);
  lane::Task<call::WorkResult> ClaimSendSettle(call::Work* work, RecordStore::ClaimRequest request);
  lane::Task<call::WorkResult> SendBypassed(call::Work* work);
  lane::Task<absl::StatusOr<RecordStore::Claim>> Claim(call::Work* work, const RecordStore::ClaimRequest* request);
  // Polls until the other replica has finished or the call's deadline has passed.
  lane::Task<absl::StatusOr<RecordStore::Claim>> WaitForOtherReplica(call::Work* work,
                                                                     const RecordStore::ClaimRequest* request);
  // What follows from the claim: the reply of an earlier call; an error to answer with; or nothing, if the request must
  // be sent and the claim settled.
  absl::StatusOr<std::optional<upstream::Reply>> Conclude(const RecordStore::ClaimRequest& request,
                                                          absl::StatusOr<RecordStore::Claim> claim,
                                                          const lane::Cancellation& cancellation);
  absl::StatusOr<std::optional<upstream::Reply>> Read(RecordStore::Claim claim) const;
  // Whether to serve a call whose claim failed without a record, although repeating it may open a second interaction:
  // only if so configured, and only if the store failed.
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
  std::atomic<uint64_t> next_claim_{0};  // numbers the claims of this process
};

}  // namespace interaction::records
