#include "server/base/errors.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace interaction {
namespace {

using Code = absl::StatusCode;

constexpr Outcome kNot = Outcome::kNotApplied;
constexpr Outcome kMaybe = Outcome::kUnknown;

// The message says what happened and, where it helps, what to do; what differs from call to call is in the metadata.
const std::vector<ReasonEntry>& Catalogue() {
  static const auto* const catalogue = new std::vector<ReasonEntry>{
      {Reason::kUnknownMethod, "UNKNOWN_METHOD", Code::kUnimplemented, kNot,
       "The gateway has no such service or method; it may be of another version than the client's."},
      {Reason::kMalformedRequest, "MALFORMED_REQUEST", Code::kInvalidArgument, kNot,
       "The request is not a valid protobuf message of this method, or a string in it is not valid UTF-8."},
      {Reason::kUnsupportedEncoding, "UNSUPPORTED_ENCODING", Code::kUnimplemented, kNot,
       "The request is compressed in a way that the gateway does not support."},
      {Reason::kMessageTooLarge, "MESSAGE_TOO_LARGE", Code::kResourceExhausted, kNot,
       "The request message is larger than the gateway accepts."},
      {Reason::kInvalidRequest, "INVALID_REQUEST", Code::kInvalidArgument, kNot,
       "Fields of the request break their rules; field_violations names each of them."},
      {Reason::kCallerCredentialsForbidden, "CALLER_CREDENTIALS_FORBIDDEN", Code::kPermissionDenied, kNot,
       "The gateway holds the credential for this upstream; leave it out of the request."},
      {Reason::kCallerUnauthenticated, "CALLER_UNAUTHENTICATED", Code::kUnauthenticated, kNot,
       "The gateway cannot tell who calls; the detail says what is missing or wrong."},
      {Reason::kCallerKeysUnavailable, "CALLER_KEYS_UNAVAILABLE", Code::kUnavailable, kNot,
       "The keys to verify the caller's token with are not there yet; try again."},
      {Reason::kCallerNotAllowed, "CALLER_NOT_ALLOWED", Code::kPermissionDenied, kNot,
       "The gateway's policy does not allow this caller to make this call."},
      {Reason::kCallerRateLimited, "CALLER_RATE_LIMITED", Code::kResourceExhausted, kNot,
       "The caller makes more calls than the gateway's policy allows; retry no sooner than RetryInfo says."},
      {Reason::kMetadataTooLarge, "METADATA_TOO_LARGE", Code::kResourceExhausted, kNot,
       "The call's metadata is larger than the gateway takes."},
      {Reason::kRequestIdUnsupported, "REQUEST_ID_UNSUPPORTED", Code::kUnimplemented, kNot,
       "This gateway keeps no record of request_id, so it cannot promise exactly-once; nothing was sent."},
      {Reason::kRequestIdReused, "REQUEST_ID_REUSED", Code::kFailedPrecondition, kNot,
       "This request_id was used before, for a request that asked for something else."},
      {Reason::kRequestInProgress, "REQUEST_IN_PROGRESS", Code::kAborted, kNot,
       "A call with this request_id is under way in another replica; ask again for its answer."},
      {Reason::kOutcomeUnknown, "OUTCOME_UNKNOWN", Code::kUnknown, kMaybe,
       "An earlier call with this request_id may have been applied; it is never sent again."},
      {Reason::kOverloaded, "OVERLOADED", Code::kUnavailable, kNot,
       "The gateway has as many calls in flight or waiting as it takes; try again later or elsewhere."},
      {Reason::kServerDraining, "SERVER_DRAINING", Code::kUnavailable, kNot,
       "The gateway is shutting down; another replica may take the call."},
      {Reason::kDeadlineBeforeSend, "DEADLINE_BEFORE_SEND", Code::kDeadlineExceeded, kNot,
       "The deadline left no time to send the request upstream."},
      {Reason::kCancelledBeforeSend, "CANCELLED_BEFORE_SEND", Code::kCancelled, kNot,
       "The caller cancelled before the request was sent upstream."},
      {Reason::kCancelledAfterSend, "CANCELLED_AFTER_SEND", Code::kUnknown, kMaybe,
       "The caller cancelled after the request may have reached the upstream."},
      {Reason::kLocalResource, "LOCAL_RESOURCE", Code::kResourceExhausted, kNot,
       "The gateway ran out of a local resource, such as file descriptors, before it could send."},
      {Reason::kIdempotencyStoreUnavailable, "IDEMPOTENCY_STORE_UNAVAILABLE", Code::kUnavailable, kNot,
       "The store of request_ids did not answer, so nothing was sent."},
      {Reason::kIdempotencyStoreFull, "IDEMPOTENCY_STORE_FULL", Code::kResourceExhausted, kNot,
       "The store of request_ids holds as many as it may, so nothing was sent."},
      {Reason::kIdempotencyLeaseExpired, "IDEMPOTENCY_LEASE_EXPIRED", Code::kUnavailable, kNot,
       "The gateway was held up for so long that it must not send this request any more."},
      {Reason::kUpstreamCircuitOpen, "UPSTREAM_CIRCUIT_OPEN", Code::kUnavailable, kNot,
       "The upstream failed too often of late; the gateway does not call it for a while."},
      {Reason::kInternalError, "INTERNAL_ERROR", Code::kInternal, kMaybe,
       "The gateway failed; this is a defect in it."},

      {Reason::kUpstreamDnsFailure, "UPSTREAM_DNS_FAILURE", Code::kUnavailable, kNot,
       "The upstream's host name does not resolve."},
      {Reason::kUpstreamDnsTimeout,
       "UPSTREAM_DNS_TIMEOUT",
       Code::kUnavailable,
       kNot,
       "Resolving the upstream's host name took too long.",
       {Code::kDeadlineExceeded}},
      {Reason::kUpstreamConnectFailed, "UPSTREAM_CONNECT_FAILED", Code::kUnavailable, kNot,
       "No connection to the upstream could be opened."},
      {Reason::kUpstreamConnectTimeout,
       "UPSTREAM_CONNECT_TIMEOUT",
       Code::kUnavailable,
       kNot,
       "Opening a connection to the upstream took too long.",
       {Code::kDeadlineExceeded}},
      {Reason::kEgressAddressForbidden, "EGRESS_ADDRESS_FORBIDDEN", Code::kFailedPrecondition, kNot,
       "The upstream's host name resolves to an address that the gateway must not connect to."},
      {Reason::kUpstreamTlsVerifyFailed, "UPSTREAM_TLS_VERIFY_FAILED", Code::kFailedPrecondition, kNot,
       "The upstream's certificate does not verify; the connection may be intercepted."},
      {Reason::kUpstreamTlsFailed,
       "UPSTREAM_TLS_FAILED",
       Code::kUnavailable,
       kNot,
       "The TLS handshake with the upstream failed.",
       {Code::kFailedPrecondition}},
      {Reason::kEgressTlsConfig, "EGRESS_TLS_CONFIG", Code::kInternal, kNot,
       "The gateway's own TLS files for upstream connections cannot be used."},
      {Reason::kEgressProxyFailed, "EGRESS_PROXY_FAILED", Code::kUnavailable, kNot,
       "The gateway's egress proxy cannot be reached or refused the connection."},
      {Reason::kEgressProxyAuth, "EGRESS_PROXY_AUTH", Code::kFailedPrecondition, kNot,
       "The gateway's egress proxy wants other credentials."},
      {Reason::kUpstreamConnectionLost, "UPSTREAM_CONNECTION_LOST", Code::kUnknown, kMaybe,
       "The connection broke after the request may have reached the upstream and before it answered."},
      {Reason::kUpstreamTimeout, "UPSTREAM_TIMEOUT", Code::kDeadlineExceeded, kMaybe,
       "The upstream did not answer completely in time; the request may have taken effect."},
      {Reason::kUpstreamTruncated, "UPSTREAM_TRUNCATED", Code::kUnknown, kMaybe,
       "The connection broke within the upstream's answer."},
      {Reason::kUpstreamProtocolError, "UPSTREAM_PROTOCOL_ERROR", Code::kUnknown, kMaybe,
       "The upstream's answer is not valid HTTP or has a status that means nothing here."},
      {Reason::kUpstreamResponseTooLarge, "UPSTREAM_RESPONSE_TOO_LARGE", Code::kUnknown, kMaybe,
       "The upstream's answer is larger than the gateway accepts."},
      {Reason::kUpstreamMalformedResponse, "UPSTREAM_MALFORMED_RESPONSE", Code::kUnknown, kMaybe,
       "The upstream reported success with an answer that cannot be understood."},

      {Reason::kUpstreamRedirect,
       "UPSTREAM_REDIRECT",
       Code::kFailedPrecondition,
       kNot,
       "The upstream redirected; redirects are never followed. The configured base URL may be wrong.",
       {Code::kUnknown}},
      {Reason::kUpstreamRejectedArgument, "UPSTREAM_REJECTED_ARGUMENT", Code::kInvalidArgument, kNot,
       "The upstream rejected the request's content."},
      {Reason::kUpstreamCredentialsRejected,
       "UPSTREAM_CREDENTIALS_REJECTED",
       Code::kUnauthenticated,
       kNot,
       "The upstream rejected the credential.",
       {Code::kFailedPrecondition}},
      {Reason::kUpstreamPermissionDenied,
       "UPSTREAM_PERMISSION_DENIED",
       Code::kPermissionDenied,
       kNot,
       "The upstream does not allow this with the credential used.",
       {Code::kFailedPrecondition}},
      {Reason::kUpstreamEndpointNotFound, "UPSTREAM_ENDPOINT_NOT_FOUND", Code::kFailedPrecondition, kNot,
       "The upstream has no such endpoint; the configured base URL may be wrong."},
      {Reason::kUpstreamNotFound, "UPSTREAM_NOT_FOUND", Code::kNotFound, kNot,
       "The upstream does not know something that the request names."},
      {Reason::kUpstreamContractMismatch, "UPSTREAM_CONTRACT_MISMATCH", Code::kInternal, kNot,
       "The upstream does not accept the form of the gateway's request; its API may have changed."},
      {Reason::kUpstreamRequestTimeout, "UPSTREAM_REQUEST_TIMEOUT", Code::kDeadlineExceeded, kMaybe,
       "The upstream says that the request took too long to arrive."},
      {Reason::kUpstreamConflict,
       "UPSTREAM_CONFLICT",
       Code::kAborted,
       kNot,
       "The upstream reports a conflict with its current state.",
       {Code::kAlreadyExists}},
      {Reason::kUpstreamPrecondition, "UPSTREAM_PRECONDITION", Code::kFailedPrecondition, kNot,
       "The upstream reports that a precondition does not hold."},
      {Reason::kUpstreamPayloadTooLarge, "UPSTREAM_PAYLOAD_TOO_LARGE", Code::kInvalidArgument, kNot,
       "The request is larger than the upstream accepts."},
      {Reason::kUpstreamRateLimited, "UPSTREAM_RATE_LIMITED", Code::kResourceExhausted, kNot,
       "The upstream limits the rate of requests; retry no sooner than RetryInfo says."},
      {Reason::kUpstreamRejected, "UPSTREAM_REJECTED", Code::kFailedPrecondition, kNot,
       "The upstream refused the request."},
      {Reason::kUpstreamInternalError, "UPSTREAM_INTERNAL_ERROR", Code::kUnknown, kMaybe,
       "The upstream failed; the request may have taken effect."},
      {Reason::kUpstreamUnimplemented, "UPSTREAM_UNIMPLEMENTED", Code::kUnimplemented, kNot,
       "The upstream does not implement the request."},
      {Reason::kUpstreamBadGateway, "UPSTREAM_BAD_GATEWAY", Code::kUnknown, kMaybe,
       "A gateway in front of the upstream failed; the request may have taken effect."},
      {Reason::kUpstreamGatewayTimeout, "UPSTREAM_GATEWAY_TIMEOUT", Code::kDeadlineExceeded, kMaybe,
       "A gateway in front of the upstream waited too long; the request may have taken effect."},
      {Reason::kUpstreamUnavailable, "UPSTREAM_UNAVAILABLE", Code::kUnavailable, kNot,
       "The upstream says that it is unavailable."},
      {Reason::kUpstreamDailyQuota, "UPSTREAM_DAILY_QUOTA", Code::kResourceExhausted, kNot,
       "The daily quota of the upstream's token is used up."},
      {Reason::kUpstreamConcurrencyLimit, "UPSTREAM_CONCURRENCY_LIMIT", Code::kResourceExhausted, kNot,
       "The upstream's token has as many requests under way as it may have."},
      {Reason::kUpstreamMaintenance, "UPSTREAM_MAINTENANCE", Code::kUnavailable, kNot,
       "The upstream is under maintenance."},
      {Reason::kUpstreamContradictory, "UPSTREAM_CONTRADICTORY", Code::kUnknown, kMaybe,
       "The upstream's answer reports success and failure at once."},
  };
  return *catalogue;
}

// The details travel as payloads of absl::Status, which is a map from keys to bytes: one key per detail.
constexpr absl::string_view kReason = "interaction/reason";
constexpr absl::string_view kOutcome = "interaction/outcome";
constexpr absl::string_view kPhase = "interaction/phase";
constexpr absl::string_view kRetryAfterNs = "interaction/retry-after-ns";
constexpr absl::string_view kUpstreamChoseRetryAfter = "interaction/upstream-chose-retry-after";
constexpr absl::string_view kQuota = "interaction/quota";
constexpr absl::string_view kPrecondition = "interaction/precondition";
constexpr absl::string_view kMetadata = "interaction/metadata/";
constexpr absl::string_view kField = "interaction/field/";  // + four digits: payloads have no order of their own

template <typename T>
T FromText(absl::string_view text) {
  int value = 0;
  (void)absl::SimpleAtoi(text, &value);
  return static_cast<T>(value);
}

void ReadPayload(absl::string_view key, const std::string& value, ErrorDetails& details,
                 std::vector<std::pair<std::string, FieldViolation>>& fields) {
  if (key == kReason) {
    details.reason = FromText<Reason>(value);
  } else if (key == kOutcome) {
    details.outcome = FromText<Outcome>(value);
  } else if (key == kPhase) {
    details.phase = FromText<Phase>(value);
  } else if (key == kRetryAfterNs) {
    int64_t ns = 0;
    (void)absl::SimpleAtoi(value, &ns);
    details.retry_after = absl::Nanoseconds(ns);
  } else if (key == kUpstreamChoseRetryAfter) {
    details.upstream_chose_retry_after = true;
  } else if (key == kQuota) {
    details.quota_subject = value;
  } else if (key == kPrecondition) {
    details.precondition_subject = value;
  } else if (absl::ConsumePrefix(&key, kMetadata)) {
    details.metadata.emplace(key, value);
  } else if (absl::ConsumePrefix(&key, kField)) {
    const size_t split = value.find('\0');
    fields.emplace_back(key, FieldViolation{value.substr(0, split), value.substr(split + 1)});
  }
}

}  // namespace

absl::Span<const ReasonEntry> ReasonCatalogue() { return Catalogue(); }

const ReasonEntry& Describe(Reason reason) { return Catalogue()[static_cast<size_t>(reason)]; }

Error::Error(Reason reason) : code_(Describe(reason).code) {
  details_.reason = reason;
  details_.outcome = Describe(reason).outcome;
}

Error& Error::WithCode(absl::StatusCode code) {
  const ReasonEntry& entry = Describe(details_.reason);
  assert(code == entry.code ||
         std::find(entry.other_codes.begin(), entry.other_codes.end(), code) != entry.other_codes.end());
  (void)entry;
  code_ = code;
  return *this;
}

Error& Error::WithOutcome(Outcome outcome) {
  details_.outcome = outcome;
  return *this;
}

Error& Error::In(Phase phase) {
  details_.phase = phase;
  return *this;
}

Error& Error::With(absl::string_view key, absl::string_view value) {
  if (!value.empty()) details_.metadata[std::string(key)] = std::string(value);
  return *this;
}

Error& Error::WithHttpStatus(int status) { return With("httpStatus", absl::StrCat(status)); }

Error& Error::WithRetryAfter(absl::Duration delay) {
  details_.retry_after = delay;
  return *this;
}

Error& Error::WithUpstreamRetryAfter(absl::Duration delay) {
  details_.upstream_chose_retry_after = true;
  return WithRetryAfter(delay);
}

Error& Error::WithFieldViolation(absl::string_view field, absl::string_view description) {
  details_.field_violations.push_back({std::string(field), std::string(description)});
  return *this;
}

Error& Error::WithFieldViolations(std::vector<FieldViolation> violations) {
  details_.field_violations = std::move(violations);
  return *this;
}

Error& Error::WithQuota(absl::string_view subject) {
  details_.quota_subject = std::string(subject);
  return *this;
}

Error& Error::WithPrecondition(absl::string_view subject) {
  details_.precondition_subject = std::string(subject);
  return *this;
}

absl::Status Error::ToStatus() const {
  absl::Status status(code_, Describe(details_.reason).message);
  const auto set = [&status](absl::string_view key, absl::string_view value) {
    status.SetPayload(key, absl::Cord(value));
  };
  set(kReason, absl::StrCat(static_cast<int>(details_.reason)));
  set(kOutcome, absl::StrCat(static_cast<int>(details_.outcome)));
  if (details_.phase) set(kPhase, absl::StrCat(static_cast<int>(*details_.phase)));
  if (details_.retry_after) set(kRetryAfterNs, absl::StrCat(absl::ToInt64Nanoseconds(*details_.retry_after)));
  if (details_.upstream_chose_retry_after) set(kUpstreamChoseRetryAfter, "");
  if (!details_.quota_subject.empty()) set(kQuota, details_.quota_subject);
  if (!details_.precondition_subject.empty()) set(kPrecondition, details_.precondition_subject);
  for (const auto& [key, value] : details_.metadata) set(absl::StrCat(kMetadata, key), value);
  for (size_t i = 0; i < details_.field_violations.size(); ++i) {
    const FieldViolation& violation = details_.field_violations[i];
    set(absl::StrCat(kField, absl::Dec(i, absl::kZeroPad4)),
        absl::StrCat(violation.field, absl::string_view("\0", 1), violation.description));
  }
  return status;
}

absl::Status WithMetadata(absl::Status error, absl::string_view key, absl::string_view value) {
  error.SetPayload(absl::StrCat(kMetadata, key), absl::Cord(value));
  return error;
}

ErrorDetails GetErrorDetails(const absl::Status& status) {
  ErrorDetails details;
  details.outcome = Outcome::kUnknown;
  std::vector<std::pair<std::string, FieldViolation>> fields;
  status.ForEachPayload(
      [&](absl::string_view key, const absl::Cord& value) { ReadPayload(key, std::string(value), details, fields); });
  std::sort(fields.begin(), fields.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (auto& [order, violation] : fields) details.field_violations.push_back(std::move(violation));
  return details;
}

Outcome OutcomeOf(const absl::Status& status) {
  return status.ok() ? Outcome::kApplied : GetErrorDetails(status).outcome;
}

}  // namespace interaction
