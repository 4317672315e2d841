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

// Keeps, for each request_id, what became of it: the one thing that makes a repeated call safe. A record is born
// pending when a call claims it, and ends done (with the reply), unknown (such a call is never sent again), or is
// released because surely nothing was opened, so that the next call with the same request_id may try.
//
//   absent --Claim--> pending --Finish(done)-----> done
//     ^                  |------Finish(unknown)--> unknown --Finish(done), same owner--> done
//     |---Release--------|------lease ran out----> unknown
//
// Nobody ever takes a pending record over: whoever claimed it may have sent the request just before it died or fell
// asleep, and an upstream cannot tell a late request from a new one.
//
// Records that are done or unknown expire, after times that are the store's options; until then they are never dropped
// to make room. A pending record expires as unknown ones do, counted from the end of its lease.
//
// Thread-safe. Every `done` runs exactly once, on any thread, possibly before the function returns.
class RecordStore {
 public:
  // A longer reply is not kept: its record ends unknown, so that a repeated call is at least not sent again.
  static constexpr size_t kMaxReplyBytes = 16 << 10;

  // Who claims.
  struct Owner {
    uint64_t replica = 0;  // random, for each process
    uint64_t claim = 0;    // of that process

    bool operator==(const Owner&) const = default;
  };

  struct ClaimRequest {
    Digest key;            // of caller, method and request_id
    Digest fingerprint;    // of what the request asks for
    Owner owner;           // unique for each attempt to claim
    absl::Duration lease;  // how long the owner may need to finish; then the record reads unknown
  };

  enum class ClaimResult {
    kClaimed,   // the record is the owner's, now or since an earlier claim of its own: it must Finish or Release it
    kInFlight,  // another owner is at it, here or in another replica
    kDone,      // `reply` holds the answer
    kUnknown,   // nobody knows whether it was applied
    kMismatch,  // the record belongs to a request that asks for something else
  };

  struct Claim {
    ClaimResult result = ClaimResult::kClaimed;
    std::string reply;          // of kDone: the serialized reply
    absl::Time first_attempt;   // when it was claimed; of kDone, kUnknown, kInFlight; InfinitePast() if damaged
    absl::Duration lease_left;  // of kInFlight
  };

  enum class Settlement { kDone, kUnknown };

  virtual ~RecordStore() = default;

  // An error, made with Error, when the store cannot say: IDEMPOTENCY_STORE_UNAVAILABLE when it did not answer in time
  // or refused (nothing may be sent then), IDEMPOTENCY_STORE_FULL when it holds as much as it may. The claim may
  // nevertheless have been written; Release() it to be polite, or leave it to its lease.
  virtual void MakeClaim(const ClaimRequest& request, absl::AnyInvocable<void(absl::StatusOr<Claim>) &&> done) = 0;

  // Ends a claim, also after its lease. `reply`: of kDone. OK as well when the record is done already;
  // FAILED_PRECONDITION when the record is somebody else's or gone, RESOURCE_EXHAUSTED when the reply is longer than
  // kMaxReplyBytes, UNAVAILABLE when the store did not answer: the caller of the RPC gets its answer anyhow.
  virtual void Finish(const Digest& key, Owner owner, Settlement settlement, std::string reply,
                      absl::AnyInvocable<void(absl::Status) &&> done) = 0;

  // Forgets a pending record of this owner, as long as its lease runs; does nothing to any other record, which is OK as
  // well. UNAVAILABLE when the store did not answer.
  virtual void Release(const Digest& key, Owner owner, absl::AnyInvocable<void(absl::Status) &&> done) = 0;
};

}  // namespace interaction::records
