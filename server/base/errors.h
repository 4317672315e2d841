#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "rules/field_violation.h"
#include "server/base/outcome.h"

namespace interaction {

// Every reason for which a call can fail: ErrorInfo.reason, in UPPER_SNAKE. Each has one row in errors.cc and one in
// docs/errors.md; a test keeps the two in step. A reason that has shipped is never renamed (AIP-193).
enum class Reason {
  // The call itself.
  kUnknownMethod,
  kMalformedRequest,
  kUnsupportedEncoding,
  kMessageTooLarge,
  kInvalidRequest,
  kCallerCredentialsForbidden,
  kCallerUnauthenticated,
  kCallerKeysUnavailable,
  kCallerNotAllowed,
  kCallerRateLimited,
  kMetadataTooLarge,
  kRequestIdUnsupported,
  kRequestIdReused,
  kRequestInProgress,
  kOutcomeUnknown,
  // The gateway.
  kOverloaded,
  kServerDraining,
  kDeadlineBeforeSend,
  kCancelledBeforeSend,
  kCancelledAfterSend,
  kLocalResource,
  kIdempotencyStoreUnavailable,
  kIdempotencyStoreFull,
  kIdempotencyLeaseExpired,
  kUpstreamCircuitOpen,
  kInternalError,
  // The way to the upstream.
  kUpstreamDnsFailure,
  kUpstreamDnsTimeout,
  kUpstreamConnectFailed,
  kUpstreamConnectTimeout,
  kEgressAddressForbidden,
  kUpstreamTlsVerifyFailed,
  kUpstreamTlsFailed,
  kEgressTlsConfig,
  kEgressProxyFailed,
  kEgressProxyAuth,
  kUpstreamConnectionLost,
  kUpstreamTimeout,
  kUpstreamTruncated,
  kUpstreamProtocolError,
  kUpstreamResponseTooLarge,
  kUpstreamMalformedResponse,
  // What the upstream answered.
  kUpstreamRedirect,
  kUpstreamRejectedArgument,
  kUpstreamCredentialsRejected,
  kUpstreamPermissionDenied,
  kUpstreamEndpointNotFound,
  kUpstreamNotFound,
  kUpstreamContractMismatch,
  kUpstreamRequestTimeout,
  kUpstreamConflict,
  kUpstreamPrecondition,
  kUpstreamPayloadTooLarge,
  kUpstreamRateLimited,
  kUpstreamRejected,
  kUpstreamInternalError,
  kUpstreamUnimplemented,
  kUpstreamBadGateway,
  kUpstreamGatewayTimeout,
  kUpstreamUnavailable,
  kUpstreamDailyQuota,
  kUpstreamConcurrencyLimit,
  kUpstreamMaintenance,
  kUpstreamContradictory,
};

inline constexpr size_t kReasons = static_cast<size_t>(Reason::kUpstreamContradictory) + 1;

// What the catalogue says of a reason. `code` and `outcome` are the usual ones; `other_codes` are the codes that a call
// site may choose instead, as docs/errors.md says.
struct ReasonEntry {
  Reason reason;
  absl::string_view name;  // "UPSTREAM_TIMEOUT"
  absl::StatusCode code;
  Outcome outcome;
  absl::string_view message;  // fixed English, at most 512 bytes, no secret and no personal data
  std::vector<absl::StatusCode> other_codes = {};
};

// The whole catalogue, in the order of the enum.
absl::Span<const ReasonEntry> ReasonCatalogue();
const ReasonEntry& Describe(Reason reason);

// Everything that an error tells, apart from code and message. google.rpc details are made from it in rpc/.
struct ErrorDetails {
  Reason reason = Reason::kInternalError;
  Outcome outcome = Outcome::kNotApplied;
  std::optional<Phase> phase;
  std::optional<absl::Duration> retry_after;     // RetryInfo
  bool upstream_chose_retry_after = false;       // it is the upstream's own Retry-After
  std::vector<FieldViolation> field_violations;  // BadRequest
  std::string quota_subject;                     // QuotaFailure, when not empty
  std::string precondition_subject;              // PreconditionFailure, when not empty
  std::map<std::string, std::string> metadata;   // ErrorInfo.metadata: lowerCamel keys
};

// Builds the status of a failed call from the catalogue: code, message and outcome come from the reason unless they are
// overridden. Converts to absl::Status; the details travel as its payloads and are read back with GetErrorDetails().
//
//   return Error(Reason::kUpstreamTimeout).In(Phase::kWait).With("httpStatus", "200");
class Error {
 public:
  explicit Error(Reason reason);

  Error& WithCode(absl::StatusCode code);  // must be one that the catalogue lists for the reason
  Error& WithOutcome(Outcome outcome);
  Error& In(Phase phase);
  Error& With(absl::string_view key, absl::string_view value);  // metadata; an empty value is left out
  Error& WithHttpStatus(int status);                            // metadata httpStatus
  Error& WithRetryAfter(absl::Duration delay);
  Error& WithUpstreamRetryAfter(absl::Duration delay);  // as the upstream itself asked for in Retry-After
  Error& WithFieldViolation(absl::string_view field, absl::string_view description);
  Error& WithFieldViolations(std::vector<FieldViolation> violations);
  Error& WithQuota(absl::string_view subject);
  Error& WithPrecondition(absl::string_view subject);

  absl::Status ToStatus() const;
  operator absl::Status() const { return ToStatus(); }  // NOLINT: an error is a status

 private:
  absl::StatusCode code_;
  ErrorDetails details_;
};

// The error with one more entry of metadata.
absl::Status WithMetadata(absl::Status error, absl::string_view key, absl::string_view value);

// The details of a status that Error made. A status from elsewhere (a library, a bug) reads as INTERNAL_ERROR with
// outcome unknown, so that nobody retries on the strength of it. `status` is not OK.
ErrorDetails GetErrorDetails(const absl::Status& status);

// Shorthand for GetErrorDetails(status).outcome; kApplied for OK.
Outcome OutcomeOf(const absl::Status& status);

}  // namespace interaction
