#include "server/call/idempotency.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/hash/hash.h"
#include "server/base/errors.h"
#include "server/base/status_macros.h"
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

// Tells the requests of one caller apart in this process, at a tenth of what a digest costs. Of two that differ, one in
// 2^64 would pass for the other; nobody can aim at that but the caller, at itself.
Digest LocalFingerprint(absl::string_view text) {
  Digest fingerprint{};
  const uint64_t hash = absl::HashOf(text);
  memcpy(fingerprint.data(), &hash, sizeof hash);
  return fingerprint;
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
          .fingerprint = digest_ ? (*digest_)(asks_for) : LocalFingerprint(asks_for)};
}

RecordStore::Owner Idempotency::NewOwner() {
  return {.replica = options_.replica, .claim = next_owner_.fetch_add(1, std::memory_order_relaxed)};
}

lane::Task<absl::StatusOr<RecordStore::Claim>> Idempotency::WaitForOtherReplica(
    lane::Lane* lane, const RecordStore::ClaimRequest* request, SteadyTime until, lane::Cancellation* cancellation) {
  const auto from_now = [lane](absl::Duration time) {
    return lane->clock().SteadyNow() + absl::ToInt64Nanoseconds(time);
  };
  const SteadyTime give_up = std::min(until, from_now(options_.wait_for_other_replica));
  absl::StatusOr<RecordStore::Claim> claim = RecordStore::Claim{.result = RecordStore::ClaimResult::kInFlight};
  for (absl::Duration wait = options_.first_poll; from_now(wait) < give_up;
       wait = std::min(2 * wait, options_.max_poll)) {
    lane::Sleep pause(lane, wait, cancellation);
    co_await pause;
    if (cancellation->cancelled()) break;
    auto attempt = Claim(lane, request);
    claim = co_await attempt;
    if (!claim.ok() || claim->result != RecordStore::ClaimResult::kInFlight) break;
  }
  co_return claim;
}

absl::StatusOr<std::optional<Answer>> Idempotency::Conclude(const RecordStore::ClaimRequest& request,
                                                            absl::StatusOr<RecordStore::Claim> claim,
                                                            const lane::Cancellation& cancellation) {
  const bool unused = claim.ok() && claim->result == RecordStore::ClaimResult::kClaimed && cancellation.cancelled();
  // The claim may have been written although the store did not say so.
  if (!claim.ok() || unused) {
    store_->Release(request.key, request.owner, [](absl::Status) {});
  }
  if (cancellation.cancelled()) return lane::CancelledError(cancellation.cause(), /*sent=*/false);
  if (claim.ok()) return Read(*std::move(claim));
  Count(GetErrorDetails(claim.status()).reason == Reason::kIdempotencyStoreFull ? Counter::kStoreFull
                                                                                : Counter::kStoreErrors);
  return claim.status();
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
  Count(Counter::kRequestIdInProgress);
  return Error(Reason::kRequestInProgress).In(Phase::kStore).WithRetryAfter(absl::Seconds(1));
}

bool Idempotency::Bypasses(const absl::Status& error) const {
  const Reason reason = GetErrorDetails(error).reason;
  const bool failed = reason == Reason::kIdempotencyStoreUnavailable || reason == Reason::kIdempotencyStoreFull;
  return failed && options_.serve_on_store_failure;
}

void Idempotency::Settle(const RecordStore::ClaimRequest& request, const absl::StatusOr<std::string>& result,
                         absl::AnyInvocable<void(absl::Status) &&> done) {
  const Outcome outcome = OutcomeOf(result.status());
  if (outcome == Outcome::kNotApplied) {
    store_->Release(request.key, request.owner, std::move(done));
  } else if (outcome == Outcome::kApplied) {
    store_->Finish(request.key, request.owner, RecordStore::Settlement::kDone, *result, std::move(done));
  } else {
    store_->Finish(request.key, request.owner, RecordStore::Settlement::kUnknown, "", std::move(done));
  }
}

}  // namespace interaction::call
