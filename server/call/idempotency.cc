#include "server/call/idempotency.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/errors.h"
#include "server/base/status_macros.h"
#include "server/lane/callback.h"
#include "server/lane/operations.h"

namespace interaction::call {
namespace {

using telemetry::Counter;

absl::Status OutcomeUnknown(absl::Time first_attempt) {
  Error error(Reason::kOutcomeUnknown);
  error.In(Phase::kStore);
  if (first_attempt != absl::InfinitePast()) {  // a damaged record does not tell
    error.With("firstAttemptTime", absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", first_attempt, absl::UTCTimeZone()));
  }
  return error;
}

absl::Status InProgress() {
  return Error(Reason::kRequestInProgress).In(Phase::kStore).WithRetryAfter(absl::Seconds(1));
}

}  // namespace

Idempotency::Idempotency(const IdempotencyOptions& options, const KeyedDigest* digest, RecordStore* store,
                         telemetry::Counters* counters)
    : options_(options), digest_(digest), store_(store), counters_(counters) {}

// The key is made without a secret: a credential in it is too random to be guessed, and so a record is found again when
// the secret has changed. No part but the last can hold a line end.
RecordId Idempotency::Identify(absl::string_view method, absl::string_view request_id, const Caller& caller,
                               absl::string_view asks_for) const {
  return {.key = Sha256({method, "\n", request_id, "\n", caller.known_by, "\n", caller.name}),
          .fingerprint = digest_ ? (*digest_)(asks_for) : Sha256({asks_for})};
}

RecordStore::Owner Idempotency::NewOwner() {
  return {.replica = options_.replica, .claim = next_owner_.fetch_add(1, std::memory_order_relaxed)};
}

lane::Task<absl::StatusOr<std::optional<Answer>>> Idempotency::Claim(lane::Lane* lane, const RecordId* id,
                                                                     RecordStore::Owner owner, absl::Duration lease,
                                                                     SteadyTime until,
                                                                     lane::Cancellation* cancellation) {
  const RecordStore::ClaimRequest request = {id->key, id->fingerprint, owner, lease};
  std::optional<SteadyTime> give_up;
  for (absl::Duration wait = options_.first_poll;; wait = std::min(2 * wait, options_.max_poll)) {
    auto attempt = lane::Callback<absl::StatusOr<RecordStore::Claim>>(
        lane, [this, &request](auto done) { store_->MakeClaim(request, std::move(done)); });
    absl::StatusOr<RecordStore::Claim> claim = co_await attempt;
    const bool may_be_ours = !claim.ok() || claim->result == RecordStore::ClaimResult::kClaimed;
    // The claim may have been written although the store did not say so.
    if (may_be_ours && (!claim.ok() || cancellation->cancelled())) store_->Release(id->key, owner, [](absl::Status) {});
    if (cancellation->cancelled()) co_return lane::CancelledError(cancellation->cause(), /*sent=*/false);
    if (!claim.ok()) {
      Count(GetErrorDetails(claim.status()).reason == Reason::kIdempotencyStoreFull ? Counter::kStoreFull
                                                                                    : Counter::kStoreErrors);
      co_return claim.status();
    }
    if (claim->result != RecordStore::ClaimResult::kInFlight) co_return Read(*std::move(claim));
    const SteadyTime now = lane->clock().SteadyNow();
    if (!give_up) {
      give_up = std::min(until, now + absl::ToInt64Nanoseconds(options_.wait_for_other_replica));
    }
    if (now + absl::ToInt64Nanoseconds(wait) >= *give_up) {
      Count(Counter::kRequestIdInProgress);
      co_return InProgress();
    }
    lane::Sleep pause(lane, wait, cancellation);
    co_await pause;
  }
}

absl::StatusOr<std::optional<Answer>> Idempotency::Read(RecordStore::Claim claim) const {
  switch (claim.result) {
    case RecordStore::ClaimResult::kClaimed:
      return std::nullopt;
    case RecordStore::ClaimResult::kDone:
      Count(Counter::kRequestIdReplayed);
      return Answer{.reply = std::move(claim.reply), .replayed = true};
    case RecordStore::ClaimResult::kUnknown:
      Count(Counter::kRequestIdUnknown);
      return OutcomeUnknown(claim.first_attempt);
    case RecordStore::ClaimResult::kMismatch:
      Count(Counter::kRequestIdReused);
      return Error(Reason::kRequestIdReused).In(Phase::kStore).ToStatus();
    case RecordStore::ClaimResult::kInFlight:
      break;
  }
  return InProgress();
}

bool Idempotency::Bypasses(const absl::Status& error) const {
  const Reason reason = GetErrorDetails(error).reason;
  const bool failed = reason == Reason::kIdempotencyStoreUnavailable || reason == Reason::kIdempotencyStoreFull;
  return failed && options_.serve_on_store_failure;
}

lane::Task<void> Idempotency::Settle(lane::Lane* lane, const RecordId* id, RecordStore::Owner owner,
                                     const absl::StatusOr<std::string>* result) {
  const Outcome outcome = OutcomeOf(result->status());
  auto settled = lane::Callback<absl::Status>(lane, [&](auto done) {
    if (outcome == Outcome::kNotApplied) {
      store_->Release(id->key, owner, std::move(done));
    } else if (outcome == Outcome::kApplied) {
      store_->Finish(id->key, owner, RecordStore::Settlement::kDone, **result, std::move(done));
    } else {
      store_->Finish(id->key, owner, RecordStore::Settlement::kUnknown, "", std::move(done));
    }
  });
  const absl::Status status = co_await settled;
  if (!status.ok()) Count(Counter::kStoreErrors);
}

}  // namespace interaction::call
