#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/records/digest.h"

namespace interaction::records {

// Keeps the result of each call with a request_id, which is what makes a repeated call safe. A call's claim creates a
// pending record. The record becomes done (with the reply) or unknown (the request is never sent again), or is released
// because certainly nothing was opened, so that the next call with the same request_id may try.
//
//   absent --Claim--> pending --Finish(done)-----> done
//     ^                  |------Finish(unknown)--> unknown --Finish(done), same owner--> done
//     |---Release--------|------lease ran out----> unknown
//
// Nobody ever takes over a pending record: its owner may have sent the request just before it died or stalled, and an
// upstream cannot tell a late request from a new one.
//
// Records that are done or unknown expire after times set in the store's options, and are never dropped earlier to make
// room. A pending record expires like an unknown one, counted from the end of its lease.
//
// Thread-safe. Every `done` runs exactly once, on any thread, possibly before the function returns.
class RecordStore {
 public:
  // A longer reply is not kept: its record becomes unknown, so that at least the request is not sent again.
  static constexpr size_t kMaxReplyBytes = 16 << 10;

  // Identifies one attempt to claim.
  struct Owner {
    uint64_t replica = 0;  // random, one for each process
    uint64_t claim = 0;    // counted by that process

    bool operator==(const Owner&) const = default;
  };

  struct ClaimRequest {
    Digest key;            // of caller, method and request_id
    Digest fingerprint;    // of what the request asks for
    Owner owner;           // unique for each attempt to claim
    absl::Duration lease;  // how long the owner may take; then the record reads as unknown
  };

  enum class ClaimResult {
    kClaimed,   // the owner has the record, from this or an earlier claim of its own: it must Finish or Release it
    kInFlight,  // another owner has claimed it, in this or another replica
    kDone,      // `reply` holds the answer
    kUnknown,   // it is not known whether an interaction was opened
    kMismatch,  // the record belongs to a different request
  };

  struct Claim {
    ClaimResult result = ClaimResult::kClaimed;
    std::string reply;          // of kDone: the serialized reply
    absl::Time first_attempt;   // when it was claimed, for kDone, kUnknown, kInFlight; InfinitePast() if damaged
    absl::Duration lease_left;  // of kInFlight
  };

  enum class Settlement { kDone, kUnknown };

  virtual ~RecordStore() = default;

  // Fails, with an error made by Error, with IDEMPOTENCY_STORE_UNAVAILABLE if the store did not answer in time or
  // refused (then nothing may be sent), or IDEMPOTENCY_STORE_FULL. The claim may have been written nevertheless;
  // Release() it, or let its lease run out.
  virtual void MakeClaim(const ClaimRequest& request, absl::AnyInvocable<void(absl::StatusOr<Claim>) &&> done) = 0;

  // Settles a claim, even after its lease. `reply` is for kDone. Also OK if the record is done already.
  // FAILED_PRECONDITION if the record has another owner or is gone, RESOURCE_EXHAUSTED if the reply is longer than
  // kMaxReplyBytes, UNAVAILABLE if the store did not answer; the caller of the RPC gets its answer in any case.
  virtual void Finish(const Digest& key, Owner owner, Settlement settlement, std::string reply,
                      absl::AnyInvocable<void(absl::Status) &&> done) = 0;

  // Deletes a pending record of this owner while its lease runs. Any other record stays as it is, which is OK, too.
  // UNAVAILABLE if the store did not answer.
  virtual void Release(const Digest& key, Owner owner, absl::AnyInvocable<void(absl::Status) &&> done) = 0;
};

}  // namespace interaction::records
