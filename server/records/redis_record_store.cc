#include "server/records/redis_record_store.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "server/base/errors.h"
#include "server/base/mutex.h"
#include "server/records/digest.h"
#include "server/records/redis_record_scripts.h"
#include "server/redis/script.h"
#include "server/redis/server_error.h"

namespace interaction::records {
namespace {

using Done = absl::AnyInvocable<void(absl::Status) &&>;
using ClaimDone = absl::AnyInvocable<void(absl::StatusOr<RecordStore::Claim>) &&>;
using redis::Reply;

constexpr int kClaimAttempts = 2;
constexpr absl::Duration kFirstBackoff = absl::Milliseconds(50);
constexpr absl::Duration kMaxBackoff = absl::Seconds(2);
constexpr absl::Duration kRetryAfter = absl::Seconds(1);
constexpr int64_t kUnsettledOverhead = 512;  // memory of an unsettled record, without its reply

// The braces make a cluster keep all keys of a record on one node.
std::string RedisKey(const Digest& key) { return absl::StrCat("idem:1:{", absl::BytesToHexString(BytesOf(key)), "}"); }

std::string Text(RecordStore::Owner owner) {
  return absl::StrCat(absl::Hex(owner.replica, absl::kZeroPad16), ":", owner.claim);
}

std::string InMilliseconds(absl::Duration duration) { return absl::StrCat(absl::ToInt64Milliseconds(duration)); }

absl::Status StoreError(const absl::Status& status) {
  return Error(redis::HasWord(status, "OOM") ? Reason::kIdempotencyStoreFull : Reason::kIdempotencyStoreUnavailable)
      .In(Phase::kStore)
      .WithRetryAfter(kRetryAfter);
}

// A reply with a checksum in front: 16 hex digits of its SHA-256. A reply that was altered must not become an answer.
std::string Seal(absl::string_view reply) {
  return absl::StrCat(absl::BytesToHexString(BytesOf(Sha256({reply})).substr(0, 8)), reply);
}

std::optional<std::string> Unseal(const std::string& sealed) {
  constexpr size_t kChecksum = 16;
  if (sealed.size() < kChecksum) return std::nullopt;
  std::string reply = sealed.substr(kChecksum);
  if (Seal(reply) != sealed) return std::nullopt;
  return reply;
}

// The claim script's answer; nullopt if the reply is not one.
std::optional<RecordStore::Claim> ReadClaim(Reply& reply) {
  using Result = RecordStore::ClaimResult;
  std::vector<Reply>& parts = reply.elements;
  if (parts.empty()) return std::nullopt;
  const std::string& kind = parts[0].text;
  if (kind == "X") return RecordStore::Claim{Result::kUnknown, "", absl::InfinitePast(), {}};
  if (parts.size() < 2) return std::nullopt;
  const absl::Time t0 = absl::FromUnixMillis(parts[1].integer);
  if (kind == "C") return RecordStore::Claim{Result::kClaimed, "", t0, {}};
  if (kind == "U") return RecordStore::Claim{Result::kUnknown, "", t0, {}};
  if (kind == "M") return RecordStore::Claim{Result::kMismatch, "", t0, {}};
  if (parts.size() < 3) return std::nullopt;
  if (kind == "D") {
    std::optional<std::string> stored = Unseal(parts[2].text);
    if (!stored) return RecordStore::Claim{Result::kUnknown, "", absl::InfinitePast(), {}};
    return RecordStore::Claim{Result::kDone, *std::move(stored), t0, {}};
  }
  if (kind == "I") return RecordStore::Claim{Result::kInFlight, "", t0, absl::Milliseconds(parts[2].integer)};
  return std::nullopt;
}

// A claim in flight.
struct Claiming {
  RecordStore::ClaimRequest request;
  ClaimDone done;
  SteadyTime began;
  int attempts_left = kClaimAttempts;
};

// The result of a call, on its way to Redis.
struct Settling {
  const redis::Script* script;
  Digest key;
  RecordStore::Owner owner;
  std::vector<std::string> args;
  absl::Status if_written;  // the status to report once Redis has confirmed it
  SteadyTime give_up_at;
  Done done;  // empty once it has run
  absl::Duration backoff = kFirstBackoff;
  int64_t bytes = 0;  // that count as unsettled

  int64_t Cost() const {
    int64_t cost = kUnsettledOverhead;
    for (const std::string& arg : args) cost += static_cast<int64_t>(arg.size());
    return cost;
  }
};

}  // namespace

class RedisRecordStore::Records : public std::enable_shared_from_this<Records> {
 public:
  Records(const RedisRecordStoreOptions& options, redis::Client* client, const Clock* clock, telemetry::Logger* logger)
      : options_(options), client_(client), clock_(clock), logger_(logger) {}

  void MakeClaim(const ClaimRequest& request, ClaimDone done);
  void Finish(const Digest& key, Owner owner, Settlement settlement, std::string reply, Done done);
  void Release(const Digest& key, Owner owner, Done done);
  int64_t unsettled() const { return unsettled_.load(std::memory_order_relaxed); }

 private:
  // A record that this replica claimed, until Redis has its result.
  struct Held {
    Owner owner;
    Digest fingerprint;
    absl::Time first_attempt;
    SteadyTime lease_until;
    SteadyTime expires;
    std::optional<std::string> reply;  // once the call is done
  };

  SteadyTime Now() const { return clock_->SteadyNow(); }
  Held* FindHeld(const Digest& key) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::optional<Claim> AnswerFromHere(const ClaimRequest& request);
  void Hold(const ClaimRequest& request, SteadyTime since, absl::Time first_attempt);
  void LetGo(const Digest& key, Owner owner);
  void Try(Claiming claiming);
  void OnClaim(Claiming claiming, absl::StatusOr<Reply> reply);
  void Begin(Settling settling);
  void Try(Settling settling);
  void OnSettled(Settling settling, const absl::StatusOr<Reply>& reply);
  bool KeepTrying(Settling& settling);
  void End(const Settling& settling);

  const RedisRecordStoreOptions options_;
  redis::Client* const client_;
  const Clock* const clock_;
  telemetry::Logger* const logger_;
  const redis::Script claim_{kClaimScript};
  const redis::Script finish_{kFinishScript};
  const redis::Script release_{kReleaseScript};
  std::atomic<int64_t> unsettled_{0};
  std::atomic<int64_t> unsettled_bytes_{0};
  Mutex mutex_;
  absl::flat_hash_map<Digest, Held, DigestHash> held_ ABSL_GUARDED_BY(mutex_);  // by key
};

void RedisRecordStore::Records::MakeClaim(const ClaimRequest& request, ClaimDone done) {
  if (std::optional<Claim> claim = AnswerFromHere(request)) return std::move(done)(*std::move(claim));
  Try(Claiming{request, std::move(done), Now()});
}

RedisRecordStore::Records::Held* RedisRecordStore::Records::FindHeld(const Digest& key) {
  const auto held = held_.find(key);
  if (held == held_.end()) return nullptr;
  if (Now() < held->second.expires) return &held->second;
  held_.erase(held);
  return nullptr;
}

std::optional<RecordStore::Claim> RedisRecordStore::Records::AnswerFromHere(const ClaimRequest& request) {
  const MutexLock lock(&mutex_);
  const Held* held = FindHeld(request.key);
  if (held == nullptr) return std::nullopt;
  const absl::Duration lease_left = absl::Nanoseconds(held->lease_until - Now());
  if (held->fingerprint != request.fingerprint) return Claim{.result = ClaimResult::kMismatch};
  if (held->reply) return Claim{ClaimResult::kDone, *held->reply, held->first_attempt, {}};
  if (lease_left <= absl::ZeroDuration()) return Claim{ClaimResult::kUnknown, "", held->first_attempt, {}};
  if (held->owner == request.owner) return Claim{ClaimResult::kClaimed, "", held->first_attempt, {}};
  return Claim{ClaimResult::kInFlight, "", held->first_attempt, lease_left};
}

void RedisRecordStore::Records::Hold(const ClaimRequest& request, SteadyTime since, absl::Time first_attempt) {
  const SteadyTime lease_until = since + absl::ToInt64Nanoseconds(request.lease);
  const SteadyTime expires = lease_until + absl::ToInt64Nanoseconds(options_.unknown_ttl);
  const MutexLock lock(&mutex_);
  held_.insert_or_assign(request.key,
                         Held{request.owner, request.fingerprint, first_attempt, lease_until, expires, std::nullopt});
}

void RedisRecordStore::Records::LetGo(const Digest& key, Owner owner) {
  const MutexLock lock(&mutex_);
  const auto held = held_.find(key);
  if (held != held_.end() && held->second.owner == owner) held_.erase(held);
}

void RedisRecordStore::Records::Try(Claiming claiming) {
  --claiming.attempts_left;
  const ClaimRequest& request = claiming.request;
  std::vector<std::string> keys = {RedisKey(request.key)};
  std::vector<std::string> args = {std::string(BytesOf(request.fingerprint)), Text(request.owner),
                                   InMilliseconds(request.lease), InMilliseconds(options_.unknown_ttl)};
  claim_.Run(client_, std::move(keys), std::move(args),
             [self = shared_from_this(), claiming = std::move(claiming)](absl::StatusOr<Reply> reply) mutable {
               self->OnClaim(std::move(claiming), std::move(reply));
             });
}

void RedisRecordStore::Records::OnClaim(Claiming claiming, absl::StatusOr<Reply> reply) {
  if (!reply.ok()) {
    const bool lost = absl::IsUnavailable(reply.status()) || absl::IsDeadlineExceeded(reply.status());
    if (lost && claiming.attempts_left > 0) return Try(std::move(claiming));
    return std::move(claiming.done)(StoreError(reply.status()));
  }
  std::optional<Claim> claim = ReadClaim(*reply);
  if (!claim) return std::move(claiming.done)(StoreError(absl::InternalError("not an answer of the claim script")));
  if (claim->result == ClaimResult::kClaimed) {
    Hold(claiming.request, claiming.began, claim->first_attempt);
  } else if (claim->first_attempt == absl::InfinitePast()) {
    logger_->Log(telemetry::LogLevel::kError, "a record in redis is damaged and reads as unknown",
                 {{"key", RedisKey(claiming.request.key)}});
  }
  std::move(claiming.done)(*std::move(claim));
}

void RedisRecordStore::Records::Finish(const Digest& key, Owner owner, Settlement settlement, std::string reply,
                                       Done done) {
  const bool too_long = reply.size() > kMaxReplyBytes;
  const bool is_done = settlement == Settlement::kDone && !too_long;
  std::string fingerprint, t0;
  {
    const MutexLock lock(&mutex_);
    Held* held = FindHeld(key);
    if (held != nullptr && held->owner == owner) {
      if (is_done) {
        held->reply = reply;
      } else {
        held->lease_until = Now();
      }
      fingerprint = std::string(BytesOf(held->fingerprint));
      t0 = absl::StrCat(absl::ToUnixMillis(held->first_attempt));
    }
  }
  std::vector<std::string> args = {Text(owner),
                                   is_done ? "D" : "U",
                                   is_done ? Seal(reply) : "",
                                   InMilliseconds(is_done ? options_.done_ttl : options_.unknown_ttl),
                                   std::move(fingerprint),
                                   std::move(t0)};
  absl::Status if_written;
  if (too_long) if_written = absl::ResourceExhaustedError("the reply is too long to be kept");
  Begin({.script = &finish_,
         .key = key,
         .owner = owner,
         .args = std::move(args),
         .if_written = std::move(if_written),
         .done = std::move(done)});
}

void RedisRecordStore::Records::Release(const Digest& key, Owner owner, Done done) {
  LetGo(key, owner);  // the next claim may go out: it follows the release on the same connection
  std::vector<std::string> args = {Text(owner)};
  Begin({.script = &release_, .key = key, .owner = owner, .args = std::move(args), .done = std::move(done)});
}

void RedisRecordStore::Records::Begin(Settling settling) {
  settling.give_up_at = Now() + absl::ToInt64Nanoseconds(options_.settle_for);
  unsettled_.fetch_add(1, std::memory_order_relaxed);
  Try(std::move(settling));
}

void RedisRecordStore::Records::Try(Settling settling) {
  std::vector<std::string> keys = {RedisKey(settling.key)};
  std::vector<std::string> args = settling.args;
  const redis::Script* script = settling.script;
  script->Run(client_, std::move(keys), std::move(args),
              [self = shared_from_this(), settling = std::move(settling)](absl::StatusOr<Reply> reply) mutable {
                self->OnSettled(std::move(settling), reply);
              });
}

void RedisRecordStore::Records::OnSettled(Settling settling, const absl::StatusOr<Reply>& reply) {
  absl::Status status = settling.if_written;
  if (!reply.ok()) {
    status = absl::UnavailableError("Redis did not save the result of the call");
  } else if (reply->text != "O") {
    status = absl::FailedPreconditionError("the record is another owner's, or gone");
  }
  const bool again = !reply.ok() && KeepTrying(settling);
  if (!again) End(settling);
  if (settling.done) std::exchange(settling.done, nullptr)(std::move(status));
  if (!again) return;
  const absl::Duration delay = settling.backoff;
  settling.backoff = std::min(delay * 2, kMaxBackoff);
  client_->After(
      delay, [self = shared_from_this(), settling = std::move(settling)]() mutable { self->Try(std::move(settling)); });
}

bool RedisRecordStore::Records::KeepTrying(Settling& settling) {
  if (settling.bytes == 0) {
    settling.bytes = settling.Cost();
    unsettled_bytes_.fetch_add(settling.bytes, std::memory_order_relaxed);
  }
  const bool fits = unsettled_bytes_.load(std::memory_order_relaxed) <= options_.max_unsettled_bytes;
  if (fits && Now() < settling.give_up_at) return true;
  logger_->Log(telemetry::LogLevel::kError, "redis did not save the result of a call: its record will read as unknown",
               {{"key", RedisKey(settling.key)}});
  return false;
}

// Redis has the result, or never will: from here on only Redis answers.
void RedisRecordStore::Records::End(const Settling& settling) {
  unsettled_.fetch_sub(1, std::memory_order_relaxed);
  unsettled_bytes_.fetch_sub(settling.bytes, std::memory_order_relaxed);
  LetGo(settling.key, settling.owner);
}

RedisRecordStore::RedisRecordStore(const RedisRecordStoreOptions& options, redis::Client* client, const Clock* clock,
                                   telemetry::Logger* logger)
    : records_(std::make_shared<Records>(options, client, clock, logger)) {}

RedisRecordStore::~RedisRecordStore() = default;

void RedisRecordStore::MakeClaim(const ClaimRequest& request, absl::AnyInvocable<void(absl::StatusOr<Claim>) &&> done) {
  records_->MakeClaim(request, std::move(done));
}

void RedisRecordStore::Finish(const Digest& key, Owner owner, Settlement settlement, std::string reply,
                              absl::AnyInvocable<void(absl::Status) &&> done) {
  records_->Finish(key, owner, settlement, std::move(reply), std::move(done));
}

void RedisRecordStore::Release(const Digest& key, Owner owner, absl::AnyInvocable<void(absl::Status) &&> done) {
  records_->Release(key, owner, std::move(done));
}

int64_t RedisRecordStore::unsettled() const { return records_->unsettled(); }

}  // namespace interaction::records
