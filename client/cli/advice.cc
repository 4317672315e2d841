#include "client/cli/advice.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"

namespace interaction::cli {
namespace {

using Code = absl::StatusCode;

enum class Kind {
  kRepeat,   // "call again", with the delay; then the text
  kOther,    // the text
  kUnknown,  // the outcome of this reason is always unknown, and what to do is the same for all of them
};

// What to do about a reason when nothing was opened.
struct Advice {
  absl::string_view reason;
  Kind kind;
  absl::string_view text;
  Code only_for = Code::kOk;  // kOk: for every code; otherwise this row comes before the one for every code
};

constexpr absl::string_view kCorrectFields = "correct the fields, then call again";
constexpr absl::string_view kOperatorBaseUrl = "have the gateway's operator check the vendor's base URL";
constexpr absl::string_view kOperatorCredential = "have the gateway's operator correct the gateway's credential";
constexpr absl::string_view kReport = "report it to the gateway's operator";
constexpr absl::string_view kLookWhatIsThere = "check at the vendor what exists already";
constexpr absl::string_view kOrOperatorNetwork = "; if it lasts, have the gateway's operator check DNS and network";
constexpr absl::string_view kOrOperatorProxy = "; if it lasts, have the gateway's operator check egress.proxy";
constexpr absl::string_view kOrOperatorRedis = "; if it lasts, have the gateway's operator look at Redis";

const Advice kAdvice[] = {
    // The client's own.
    {kGatewayUnreachable, Kind::kRepeat, "; if it lasts, check that the gateway runs at this address"},
    {kCredentialUnreadable, Kind::kOther, "correct the file with the token or key, then call again"},
    {kIllegalMetadata, Kind::kOther, "correct the metadata, then call again"},
    {kCancelledUnsent, Kind::kOther, "call again if it is still wanted"},  // the gateway's as well
    {kNoAnswerFromGateway, Kind::kUnknown, ""},

    {"UNKNOWN_METHOD", Kind::kOther, "correct the client: the gateway has no such method, or is older than the client"},
    {"MALFORMED_REQUEST", Kind::kOther, "correct the client: it does not send the method's request message"},
    {"UNSUPPORTED_ENCODING", Kind::kOther, "correct the client: compress with gzip, or not at all"},
    {"MESSAGE_TOO_LARGE", Kind::kOther, "send less"},
    {"INVALID_REQUEST", Kind::kOther, kCorrectFields},
    {"CALLER_CREDENTIALS_FORBIDDEN", Kind::kOther,
     "leave the credential out, or have the gateway's operator set caller_credentials: allow"},
    {"CALLER_UNAUTHENTICATED", Kind::kOther,
     "send a valid credential of yours (--cert and --key, --token-file or --api-key-file)"},
    {"CALLER_KEYS_UNAVAILABLE", Kind::kRepeat, "; the gateway's operator checks callers.jwks_url if it goes on"},
    {"CALLER_NOT_ALLOWED", Kind::kOther, "have the gateway's operator add what you need to callers.policy_file"},
    {"CALLER_RATE_LIMITED", Kind::kRepeat, ""},
    {"METADATA_TOO_LARGE", Kind::kOther, "send less metadata"},
    {"REQUEST_ID_UNSUPPORTED", Kind::kOther,
     "call without a request_id, knowing that a second call opens a second interaction"},
    {"REQUEST_ID_REUSED", Kind::kOther, "use a new request_id: this one belongs to a different request"},
    {"REQUEST_IN_PROGRESS", Kind::kRepeat, ", with the same request_id: the answer will be there"},
    {"OUTCOME_UNKNOWN", Kind::kUnknown, ""},

    {"OVERLOADED", Kind::kRepeat, ""},
    {"SERVER_DRAINING", Kind::kRepeat, ": another replica takes it"},
    {"DEADLINE_BEFORE_SEND", Kind::kRepeat, ""},
    {"CANCELLED_AFTER_SEND", Kind::kUnknown, ""},
    {"LOCAL_RESOURCE", Kind::kRepeat, ", at another replica if there is one; the gateway's operator raises the limit"},
    {"IDEMPOTENCY_STORE_UNAVAILABLE", Kind::kRepeat, kOrOperatorRedis},
    {"IDEMPOTENCY_STORE_FULL", Kind::kRepeat,
     " later; the gateway's operator raises idempotency.max_records or idempotency.max_bytes"},
    {"IDEMPOTENCY_LEASE_EXPIRED", Kind::kRepeat,
     ", with the same request_id: the answer says whether it can still be used"},
    {"UPSTREAM_CIRCUIT_OPEN", Kind::kRepeat, ""},
    {"INTERNAL_ERROR", Kind::kUnknown, ""},

    {"UPSTREAM_DNS_FAILURE", Kind::kRepeat, kOrOperatorNetwork},
    {"UPSTREAM_DNS_TIMEOUT", Kind::kRepeat, kOrOperatorNetwork},
    {"UPSTREAM_CONNECT_FAILED", Kind::kRepeat, kOrOperatorNetwork},
    {"UPSTREAM_CONNECT_TIMEOUT", Kind::kRepeat, kOrOperatorNetwork},
    {"EGRESS_ADDRESS_FORBIDDEN", Kind::kOther,
     "have the gateway's operator check DNS, or allow the address (egress.allow_private)"},
    {"UPSTREAM_TLS_VERIFY_FAILED", Kind::kOther, "tell the gateway's operator at once: this may be an attack"},
    {"UPSTREAM_TLS_FAILED", Kind::kOther, "have the gateway's operator check TLS versions and client certificates",
     Code::kFailedPrecondition},
    {"UPSTREAM_TLS_FAILED", Kind::kRepeat, kOrOperatorNetwork},
    {"EGRESS_TLS_CONFIG", Kind::kOther, "have the gateway's operator correct the TLS files in egress"},
    {"EGRESS_PROXY_FAILED", Kind::kRepeat, kOrOperatorProxy},
    {"EGRESS_PROXY_AUTH", Kind::kOther, "have the gateway's operator correct the credentials in egress.proxy"},
    {"UPSTREAM_CONNECTION_LOST", Kind::kUnknown, ""},
    {"UPSTREAM_TIMEOUT", Kind::kUnknown, ""},
    {"UPSTREAM_TRUNCATED", Kind::kUnknown, ""},
    {"UPSTREAM_PROTOCOL_ERROR", Kind::kUnknown, ""},
    {"UPSTREAM_RESPONSE_TOO_LARGE", Kind::kUnknown, ""},
    {"UPSTREAM_MALFORMED_RESPONSE", Kind::kUnknown, ""},

    {"UPSTREAM_REDIRECT", Kind::kOther, kOperatorBaseUrl},
    {"UPSTREAM_REJECTED_ARGUMENT", Kind::kOther, kCorrectFields},
    {"UPSTREAM_CREDENTIALS_REJECTED", Kind::kOther, kOperatorCredential, Code::kFailedPrecondition},
    {"UPSTREAM_CREDENTIALS_REJECTED", Kind::kOther, "correct the credential that you sent"},
    {"UPSTREAM_PERMISSION_DENIED", Kind::kOther, kOperatorCredential, Code::kFailedPrecondition},
    {"UPSTREAM_PERMISSION_DENIED", Kind::kOther, "send a credential that allows this"},
    {"UPSTREAM_ENDPOINT_NOT_FOUND", Kind::kOther, kOperatorBaseUrl},
    {"UPSTREAM_NOT_FOUND", Kind::kOther, "correct the account, contact or routing point"},
    {"UPSTREAM_CONTRACT_MISMATCH", Kind::kOther, kReport},
    {"UPSTREAM_REQUEST_TIMEOUT", Kind::kUnknown, ""},
    {"UPSTREAM_CONFLICT", Kind::kOther, kLookWhatIsThere},
    {"UPSTREAM_PRECONDITION", Kind::kOther, kLookWhatIsThere},
    {"UPSTREAM_PAYLOAD_TOO_LARGE", Kind::kOther, "send less"},
    {"UPSTREAM_RATE_LIMITED", Kind::kRepeat, ""},
    {"UPSTREAM_REJECTED", Kind::kOther, "look up the httpStatus: the vendor does not accept this request"},
    {"UPSTREAM_INTERNAL_ERROR", Kind::kUnknown, ""},
    {"UPSTREAM_UNIMPLEMENTED", Kind::kOther, kReport},
    {"UPSTREAM_BAD_GATEWAY", Kind::kUnknown, ""},
    {"UPSTREAM_GATEWAY_TIMEOUT", Kind::kUnknown, ""},
    {"UPSTREAM_UNAVAILABLE", Kind::kRepeat, ""},
    {"UPSTREAM_DAILY_QUOTA", Kind::kOther, "use another token, or call again tomorrow"},
    {"UPSTREAM_CONCURRENCY_LIMIT", Kind::kRepeat, ""},
    {"UPSTREAM_MAINTENANCE", Kind::kRepeat, ""},
    {"UPSTREAM_CONTRADICTORY", Kind::kUnknown, ""},
};

const Advice* Find(absl::string_view reason, Code code) {
  const auto fits = [&](const Advice& advice) {
    return advice.reason == reason && (advice.only_for == Code::kOk || advice.only_for == code);
  };
  const auto* advice = std::find_if(std::begin(kAdvice), std::end(kAdvice), fits);
  return advice == std::end(kAdvice) ? nullptr : advice;
}

// "call again in 7s, with a longer deadline".
std::string CallAgain(const absl::Status& status, const CallError& error) {
  std::string text = "call again";
  if (error.retry_delay.has_value()) absl::StrAppend(&text, " in ", absl::FormatDuration(*error.retry_delay));
  if (absl::IsDeadlineExceeded(status)) absl::StrAppend(&text, " with a longer deadline (--timeout)");
  return text;
}

std::string NothingWasOpened(const absl::Status& status, const CallError& error) {
  const Advice* advice = Find(error.reason, status.code());
  if (advice == nullptr || advice->kind == Kind::kUnknown) {
    return MayRepeat(status, error) ? CallAgain(status, error) : "correct what the error names, then call again";
  }
  return advice->kind == Kind::kRepeat ? absl::StrCat(CallAgain(status, error), advice->text)
                                       : std::string(advice->text);
}

std::string MayHaveBeenOpened(const absl::Status& status, const CallError& error, absl::string_view request_id) {
  if (error.reason == "OUTCOME_UNKNOWN") {
    return "check at the vendor whether it was opened; if not, call with a new request_id, because this "
           "one "
           "is never sent again";
  }
  const auto idempotency = error.metadata.find("idempotency");
  const bool bypassed = idempotency != error.metadata.end() && idempotency->second == "bypassed";
  std::string text = "check at the vendor whether it was opened before you call again";
  if (!request_id.empty() && !bypassed) {
    text = absl::StrCat("call again with the same request_id, ", request_id,
                        ": it is never sent twice, and the answer says what happened");
    // The gateway may have died, and a record in its memory with it.
    if (error.reason == kNoAnswerFromGateway && absl::IsUnavailable(status)) {
      absl::StrAppend(&text,
                      " (unless the gateway keeps its records in memory and has restarted: then check at the "
                      "vendor first)");
    }
  }
  if (error.reason == kNoAnswerFromGateway && absl::IsUnimplemented(status)) {
    absl::StrAppend(&text, "; also check that a gateway runs at this address");
  }
  if (error.reason == "INTERNAL_ERROR") absl::StrAppend(&text, "; ", kReport);
  return text;
}

}  // namespace

std::string NextStep(const absl::Status& status, const CallError& error, absl::string_view request_id) {
  return error.outcome == CallError::Outcome::kNotApplied ? NothingWasOpened(status, error)
                                                          : MayHaveBeenOpened(status, error, request_id);
}

std::string NextCommand(const absl::Status& status, const CallError& error, absl::string_view request_id,
                        absl::string_view again) {
  const Advice* advice = Find(error.reason, status.code());
  const bool is_unknown = error.outcome == CallError::Outcome::kUnknown;
  const bool is_repeat = is_unknown ? !request_id.empty() && !error.bypassed && error.reason != "OUTCOME_UNKNOWN"
                                    : advice != nullptr && advice->kind == Kind::kRepeat;
  if (is_repeat && !again.empty()) return std::string(again);
  return advice == nullptr ? "" : absl::StrCat("interactionctl explain ", error.reason);
}

bool MayRepeat(const absl::Status& status, const CallError& error) {
  const Advice* advice = Find(error.reason, status.code());
  if (advice != nullptr && advice->kind != Kind::kUnknown) return advice->kind == Kind::kRepeat;
  return absl::IsUnavailable(status) || error.retry_delay.has_value();
}

bool IsKnownReason(absl::string_view reason) {
  return std::any_of(std::begin(kAdvice), std::end(kAdvice),
                     [&](const Advice& advice) { return advice.reason == reason; });
}

}  // namespace interaction::cli
