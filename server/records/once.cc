#include "server/records/once.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "absl/hash/hash.h"
#include "server/base/errors.h"
#include "server/call/attempt.h"
#include "server/lane/callback.h"
#include "server/lane/operations.h"

namespace interaction::records {
namespace {

using call::WorkResult;
using telemetry::Counter;

// How much longer than the longest call a claim lasts.
constexpr absl::Duration kLeaseMargin = absl::Seconds(10);

// The rest of the lease must be enough to send the request well before anyone may read the record as unknown.
constexpr absl::Duration kSendMargin = absl::Seconds(5);

absl::Status OutcomeUnknown(absl::Time first_attempt) {
  Error error(Reason::kOutcomeUnknown);
  error.In(Phase::kStore);
  if (first_attempt != absl::InfinitePast()) {  // unknown for a damaged record
    error.With("firstAttemptTime", absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", first_attempt, absl::UTCTimeZone()));
  }
  return error;
}

// Distinguishes the requests of one caller within this process, at a tenth of the cost of a digest. Two different
// requests collide with probability 2^-64, and a caller could only provoke that against itself.
Digest LocalFingerprint(absl::string_view text) {
  Digest fingerprint{};
  const uint64_t hash = absl::HashOf(text);
  memcpy(fingerprint.data(), &hash, sizeof hash);
  return fingerprint;
}

absl::Duration LeaseOf(const call::Call& call) { return call.upstream->options.max_deadline + kLeaseMargin; }

// The work ended because all calls that waited for it had left. That does not decide about a call that came later.
bool WasGivenUp(const WorkResult& result) {
  if (result.reply.ok() || OutcomeOf(result.reply.status()) != Outcome::kNotApplied) return false;
  const Reason reason = GetErrorDetails(result.reply.status()).reason;
  return reason == Reason::kCancelledBeforeSend || reason == Reason::kDeadlineBeforeSend;
}

}  // namespace

Once::Once(const OnceOptions& options, const KeyedDigest* digest, RecordStore* store, telemetry::Counters* counters)
    : options_(options), digest_(digest), store_(store), counters_(counters) {}

lane::Task<WorkResult> Once::Run(std::shared_ptr<call::Call> call, lane::Cancellation* shutdown) {
  call->Enter(Phase::kStore);
  const RecordId record = Identify(*call);
  while (true) {
    const WorkTable::Entry entry =
        under_way_.FindOrAdd(record, [&] { return std::make_shared<call::Work>(call, shutdown); });
    if (!entry.matches) {
      Count(Counter::kRequestIdReused);
      co_return WorkResult{.reply = Error(Reason::kRequestIdReused).In(Phase::kStore).ToStatus()};
    }
    if (entry.is_first) call::StartWork(entry.work, RunRecorded(entry.work, record));
    call::WaitForWork wait(call.get(), entry.work);
    WorkResult result = co_await wait;
    if (entry.is_first) co_return result;
    const bool has_time = !call->cancellation.cancelled() && call->lane->clock().SteadyNow() < call->answer_by;
    if (WasGivenUp(result) && has_time) continue;
    Count(Counter::kRequestIdJoined);
    result.replayed = result.reply.ok();
    co_return result;
  }
}

// The key is hashed without a secret, so that records are still found after the secret has changed; a credential in it
// is too random to guess. Only the last part can contain a line break.
RecordId Once::Identify(const call::Call& call) const {
  const upstream::Credential& credential = call.request->credential();
  absl::string_view proof, identity;
  if (call.caller.proof != auth::Proof::kNone) {
    proof = auth::ProofName(call.caller.proof);
    identity = call.caller.identity;
  } else if (credential.owner == upstream::CredentialOwner::kCaller) {
    proof = "credential";
    identity = credential.secret.Reveal();
  }
  const std::string asks_for = call.request->CanonicalBytes();
  return {.key = Sha256({call.upstream->rpc, "\n", call.request_id, "\n", proof, "\n", identity}),
          .fingerprint = digest_ ? (*digest_)(asks_for) : LocalFingerprint(asks_for)};
}

lane::Task<WorkResult> Once::RunRecorded(std::shared_ptr<call::Work> work, RecordId record) {
  const RecordStore::Owner owner = {.replica = options_.replica,
                                    .claim = next_claim_.fetch_add(1, std::memory_order_relaxed)};
  auto run = ClaimSendSettle(work.get(), {record.key, record.fingerprint, owner, LeaseOf(*work->call())});
  WorkResult result = co_await run;
  under_way_.Remove(record.key);
  co_return result;
}

lane::Task<WorkResult> Once::ClaimSendSettle(call::Work* work, RecordStore::ClaimRequest request) {
  call::Call& call = *work->call();
  auto claim = Claim(work, &request);
  absl::StatusOr<RecordStore::Claim> claimed = co_await claim;
  absl::StatusOr<std::optional<upstream::Reply>> known = Conclude(request, std::move(claimed), work->cancellation());
  if (!known.ok() && Bypasses(known.status())) {
    auto send = SendBypassed(work);
    co_return co_await send;
  }
  if (!known.ok()) co_return WorkResult{.reply = known.status()};
  if (*known) co_return WorkResult{.reply = **std::move(known), .replayed = true};

  // Earlier than the end of the record's lease, because the call arrived before its claim was made.
  call.send_before = call.arrived + absl::ToInt64Nanoseconds(request.lease - kSendMargin);
  auto send = call::Send(work);
  absl::StatusOr<upstream::Reply> reply = co_await send;
  auto settle = lane::Callback<absl::Status>(call.lane, [&](auto done) { Settle(request, reply, std::move(done)); });
  const absl::Status settled = co_await settle;
  if (!settled.ok()) Count(Counter::kStoreErrors);
  co_return WorkResult{.reply = std::move(reply)};
}

// The store failed, and the configuration says to serve the call unprotected; the answer says so.
lane::Task<WorkResult> Once::SendBypassed(call::Work* work) {
  Count(Counter::kRequestIdBypassed);
  auto send = call::Send(work);
  absl::StatusOr<upstream::Reply> reply = co_await send;
  co_return WorkResult{.reply = std::move(reply), .bypassed = true};
}

lane::Task<absl::StatusOr<RecordStore::Claim>> Once::Claim(call::Work* work, const RecordStore::ClaimRequest* request) {
  auto ask = lane::Callback<absl::StatusOr<RecordStore::Claim>>(
      work->call()->lane, [this, request](auto done) { store_->MakeClaim(*request, std::move(done)); });
  absl::StatusOr<RecordStore::Claim> claim = co_await ask;
  if (!claim.ok() || claim->result != RecordStore::ClaimResult::kInFlight) co_return claim;
  auto wait = WaitForOtherReplica(work, request);
  co_return co_await wait;
}

lane::Task<absl::StatusOr<RecordStore::Claim>> Once::WaitForOtherReplica(call::Work* work,
                                                                         const RecordStore::ClaimRequest* request) {
  lane::Lane* const lane = work->call()->lane;
  const auto from_now = [lane](absl::Duration time) {
    return lane->clock().SteadyNow() + absl::ToInt64Nanoseconds(time);
  };
  const SteadyTime give_up = std::min(work->call()->answer_by, from_now(options_.wait_for_other_replica));
  absl::StatusOr<RecordStore::Claim> claim = RecordStore::Claim{.result = RecordStore::ClaimResult::kInFlight};
  for (absl::Duration wait = options_.first_poll; from_now(wait) < give_up;
       wait = std::min(2 * wait, options_.max_poll)) {
    lane::Sleep pause(lane, wait, &work->cancellation());
    co_await pause;
    if (work->cancellation().cancelled()) break;
    auto ask = lane::Callback<absl::StatusOr<RecordStore::Claim>>(
        lane, [this, request](auto done) { store_->MakeClaim(*request, std::move(done)); });
    claim = co_await ask;
    if (!claim.ok() || claim->result != RecordStore::ClaimResult::kInFlight) break;
  }
  co_return claim;
}

absl::StatusOr<std::optional<upstream::Reply>> Once::Conclude(const RecordStore::ClaimRequest& request,
                                                              absl::StatusOr<RecordStore::Claim> claim,
                                                              const lane::Cancellation& cancellation) {
  const bool unused = claim.ok() && claim->result == RecordStore::ClaimResult::kClaimed && cancellation.cancelled();
  // The store may have written the claim although it did not confirm it.
  if (!claim.ok() || unused) {
    store_->Release(request.key, request.owner, [](absl::Status) {});
  }
  if (cancellation.cancelled()) return lane::CancelledError(cancellation.cause(), /*sent=*/false);
  if (claim.ok()) return Read(*std::move(claim));
  Count(GetErrorDetails(claim.status()).reason == Reason::kIdempotencyStoreFull ? Counter::kStoreFull
                                                                                : Counter::kStoreErrors);
  return claim.status();
}

absl::StatusOr<std::optional<upstream::Reply>> Once::Read(RecordStore::Claim claim) const {
  switch (claim.result) {
    case RecordStore::ClaimResult::kClaimed:
      return std::nullopt;
    case RecordStore::ClaimResult::kDone:
      Count(Counter::kRequestIdReplayed);
      return upstream::Reply{.message = std::move(claim.reply), .interaction_id = ""};
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

bool Once::Bypasses(const absl::Status& error) const {
  const Reason reason = GetErrorDetails(error).reason;
  const bool failed = reason == Reason::kIdempotencyStoreUnavailable || reason == Reason::kIdempotencyStoreFull;
  return failed && options_.serve_on_store_failure;
}

void Once::Settle(const RecordStore::ClaimRequest& request, const absl::StatusOr<upstream::Reply>& result,
                  absl::AnyInvocable<void(absl::Status) &&> done) {
  const Outcome outcome = OutcomeOf(result.status());
  if (outcome == Outcome::kNotApplied) {
    store_->Release(request.key, request.owner, std::move(done));
  } else if (outcome == Outcome::kApplied) {
    store_->Finish(request.key, request.owner, RecordStore::Settlement::kDone, result->message, std::move(done));
  } else {
    store_->Finish(request.key, request.owner, RecordStore::Settlement::kUnknown, "", std::move(done));
  }
}

}  // namespace interaction::records
