#include "client/cli/import/verdict.h"

#include <algorithm>
#include <array>

#include "client/cli/advice.h"

namespace interaction::cli::import {
namespace {

using Step = Verdict::Step;

constexpr int kMostTries = 5;
constexpr absl::Duration kFirstDelay = absl::Milliseconds(200);
constexpr absl::Duration kLongestDelay = absl::Seconds(10);

template <size_t size>
bool Has(const std::array<absl::string_view, size>& reasons, absl::string_view reason) {
  return std::find(reasons.begin(), reasons.end(), reason) != reasons.end();
}

// The gateway, or the vendor as a whole, does not serve for now: no fault of the row.
const std::array<absl::string_view, 11> kWait = {kGatewayUnreachable,       "OVERLOADED",
                                                 "SERVER_DRAINING",         "CALLER_RATE_LIMITED",
                                                 "CALLER_KEYS_UNAVAILABLE", "IDEMPOTENCY_STORE_UNAVAILABLE",
                                                 "IDEMPOTENCY_STORE_FULL",  "LOCAL_RESOURCE",
                                                 "UPSTREAM_CIRCUIT_OPEN",   "UPSTREAM_CONCURRENCY_LIMIT",
                                                 "UPSTREAM_MAINTENANCE"};

// What is wrong is the same for every row, and waiting does not help.
const std::array<absl::string_view, 12> kStopAtOnce = {kCredentialUnreadable,
                                                       kIllegalMetadata,
                                                       "UNKNOWN_METHOD",
                                                       "UNSUPPORTED_ENCODING",
                                                       "CALLER_UNAUTHENTICATED",
                                                       "CALLER_CREDENTIALS_FORBIDDEN",
                                                       "REQUEST_ID_UNSUPPORTED",
                                                       "EGRESS_ADDRESS_FORBIDDEN",
                                                       "EGRESS_TLS_CONFIG",
                                                       "EGRESS_PROXY_AUTH",
                                                       "UPSTREAM_TLS_VERIFY_FAILED",
                                                       "UPSTREAM_DAILY_QUOTA"};

// The gateway took the request_id and worked on the call: what it says now is what became of the request_id, also where
// an earlier call had no answer.
constexpr std::array<absl::string_view, 7> kWorkedOn = {"resolve", "connect", "tls",   "send",
                                                        "wait",    "receive", "decode"};

bool WorkedOn(const CallError& error) {
  const auto phase = error.metadata.find("phase");
  return phase != error.metadata.end() && Has(kWorkedOn, phase->second);
}

absl::Duration DelayOf(const CallError& error, int count) {
  absl::Duration delay = kFirstDelay;
  for (int i = 1; i < count && delay < kLongestDelay; ++i) delay *= 2;
  return std::max(error.retry_delay.value_or(absl::ZeroDuration()), std::min(delay, kLongestDelay));
}

Verdict JudgeUnknown(const CallError& error, const Tries& tries) {
  const bool final = error.reason == "OUTCOME_UNKNOWN" || error.bypassed || tries.count >= kMostTries;
  if (final) return {Step::kFinal, RowState::kUnknown};
  return {Step::kRepeat, RowState::kUnknown, DelayOf(error, tries.count)};
}

}  // namespace

bool ConcernsAllRows(absl::string_view reason) {
  constexpr std::array<absl::string_view, 12> kReasons = {
      "CALLER_NOT_ALLOWED",          "UPSTREAM_CREDENTIALS_REJECTED", "UPSTREAM_PERMISSION_DENIED",
      "UPSTREAM_ENDPOINT_NOT_FOUND", "UPSTREAM_CONTRACT_MISMATCH",    "UPSTREAM_REDIRECT",
      "UPSTREAM_TLS_FAILED",         "UPSTREAM_UNIMPLEMENTED",        "UPSTREAM_DNS_FAILURE",
      "UPSTREAM_CONNECT_FAILED",     "UPSTREAM_UNAVAILABLE",          "UPSTREAM_RATE_LIMITED"};
  return Has(kReasons, reason);
}

Verdict Judge(const absl::Status& status, const CallError& error, const Tries& tries) {
  if (error.outcome == CallError::Outcome::kUnknown) return JudgeUnknown(error, tries);
  // Until the gateway has worked on it again, a row that may have been opened remains one.
  const RowState state = tries.may_be_applied && !WorkedOn(error) ? RowState::kUnknown : RowState::kNotApplied;
  if (error.reason == kCancelledUnsent) return {Step::kStop, state};
  if (Has(kStopAtOnce, error.reason)) return {Step::kStop, state};
  const absl::Duration delay = DelayOf(error, tries.count);
  if (Has(kWait, error.reason)) {
    if (tries.since_first > tries.patience) return {Step::kStop, state};
    return {Step::kRepeat, state, delay, /*slow_down=*/true};
  }
  if (!MayRepeat(status, error) || tries.count >= kMostTries) return {Step::kFinal, state};
  const bool vendor_is_busy = error.reason == "UPSTREAM_RATE_LIMITED" || error.reason == "UPSTREAM_UNAVAILABLE";
  return {Step::kRepeat, state, delay, vendor_is_busy};
}

}  // namespace interaction::cli::import
