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

// Parts with their lengths, so that no two lists of parts read the same.
std::string Joined(std::initializer_list<absl::string_view> parts) {
  std::string joined;
  for (const absl::string_view part : parts) absl::StrAppend(&joined, part.size(), ":", part);
  return joined;
}

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

RecordId Idempotency::Identify(absl::string_view caller, absl::string_view method, absl::string_view request_id,
                               absl::string_view asks_for) const {
  return {.key = Sha256(Joined({caller, method, request_id})), .fingerprint = (*digest_)(asks_for)};
}

std::string Idempotency::NewOwner() {
  return absl::StrCat(options_.instance, ":", next_owner_.fetch_add(1, std::memory_order_relaxed));
}

lane::Task<absl::StatusOr<RecordStore::Claim>> Idempotency::ClaimOnce(lane::Lane* lane,
                                                                      RecordStore::ClaimRequest request) {
  lane::Callback<absl::StatusOr<RecordStore::Claim>> claim(
      lane, [this, &request](auto done) { store_->MakeClaim(std::move(request), std::move(done)); });
  co_return co_await claim;
}

lane::Task<absl::StatusOr<std::optional<Answer>>> Idempotency::Claim(lane::Lane* lane, const RecordId* id,
                                                                     std::string owner, absl::Duration lease,
                                                                     SteadyTime until,
                                                                     lane::Cancellation* cancellation) {
  const RecordStore::ClaimRequest request = {id->key, id->fingerprint, owner, lease};
  const SteadyTime give_up =
      std::min(until, lane->clock().SteadyNow() + absl::ToInt64Nanoseconds(options_.wait_for_other_replica));
  for (absl::Duration wait = options_.first_poll;; wait = std::min(2 * wait, options_.max_poll)) {
    auto attempt = ClaimOnce(lane, request);
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
    if (lane->clock().SteadyNow() + absl::ToInt64Nanoseconds(wait) >= give_up) {
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

lane::Task<void> Idempotency::Settle(lane::Lane* lane, const RecordId* id, std::string owner,
                                     const absl::StatusOr<std::string>* result) {
  const Outcome outcome = OutcomeOf(result->status());
  lane::Callback<absl::Status> settled(lane, [&](auto done) {
    if (outcome == Outcome::kNotApplied) {
      store_->Release(id->key, std::move(owner), std::move(done));
    } else if (outcome == Outcome::kApplied) {
      store_->Finish(id->key, std::move(owner), RecordStore::Settlement::kDone, **result, std::move(done));
    } else {
      store_->Finish(id->key, std::move(owner), RecordStore::Settlement::kUnknown, "", std::move(done));
    }
  });
  const absl::Status status = co_await settled;
  if (!status.ok()) Count(Counter::kStoreErrors);
}

}  // namespace interaction::call
