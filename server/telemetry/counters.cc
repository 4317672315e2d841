#include "server/telemetry/counters.h"

namespace interaction::telemetry {

absl::string_view CounterName(Counter counter) {
  switch (counter) {
    case Counter::kRequestIdReplayed:
      return "request_id_replayed";
    case Counter::kRequestIdJoined:
      return "request_id_joined";
    case Counter::kRequestIdReused:
      return "request_id_reused";
    case Counter::kRequestIdInProgress:
      return "request_id_in_progress";
    case Counter::kRequestIdUnknown:
      return "request_id_unknown";
    case Counter::kRequestIdBypassed:
      return "request_id_bypassed";
    case Counter::kStoreErrors:
      return "store_errors";
    case Counter::kStoreFull:
      return "store_full";
    case Counter::kLateAnswers:
      return "late_answers";
    case Counter::kStrayResponses:
      return "stray_responses";
    case Counter::kAdmissionRefused:
      return "admission_refused";
    case Counter::kAnswersUnread:
      return "answers_unread";
    case Counter::kPermitQueued:
      return "permit_queued";
    case Counter::kPermitRefused:
      return "permit_refused";
    case Counter::kPermitExpired:
      return "permit_expired";
    case Counter::kSharedPermitFallback:
      return "shared_permit_fallback";
    case Counter::kCredentialParked:
      return "credential_parked";
    case Counter::kRetries:
      return "retries";
    case Counter::kRetriesWithheld:
      return "retries_withheld";
    case Counter::kBreakerOpened:
      return "breaker_opened";
    case Counter::kBreakerRefused:
      return "breaker_refused";
    case Counter::kCallersRefused:
      return "callers_refused";
    case Counter::kCallersLimited:
      return "callers_limited";
    case Counter::kHandshakesFailed:
      return "handshakes_failed";
    case Counter::kReloads:
      return "reloads";
    case Counter::kReloadsFailed:
      return "reloads_failed";
    case Counter::kCount:
      break;
  }
  return "";
}

}  // namespace interaction::telemetry
