#include "server/upstream/http_verdict.h"

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "server/base/errors.h"
#include "server/http/url.h"

namespace interaction::upstream {
namespace {

constexpr absl::Duration kDefaultRetryAfter = absl::Seconds(1);
constexpr absl::Duration kMaxRetryAfter = absl::Seconds(300);

// If the upstream refuses the gateway's credential, the operator must act, not the caller.
Error CredentialError(Reason reason, const Hints& hints) {
  Error error(reason);
  if (hints.owner == CredentialOwner::kGateway) {
    error.WithCode(absl::StatusCode::kFailedPrecondition).WithPrecondition("the gateway's credential for the upstream");
  }
  return error;
}

Error RedirectError(int status, const http::Response& response) {
  Error error(Reason::kUpstreamRedirect);
  // "See Other" is a usual answer to a POST that was carried out.
  if (status == 303) error.WithCode(absl::StatusCode::kUnknown).WithOutcome(Outcome::kUnknown);
  // The rest of the URL could repeat the request.
  if (const auto url = http::ParseUrl(response.location); url.ok()) {
    error.With("redirectTo", absl::StrCat(url->scheme, "://", url->host));
  }
  return error;
}

Error RetryLater(Reason reason, const http::Response& response, const Hints& hints) {
  Error error(reason);
  if (const auto delay = ParseRetryAfter(response.retry_after, hints.now)) return error.WithUpstreamRetryAfter(*delay);
  return error.WithRetryAfter(kDefaultRetryAfter);
}

Error ClientError(int status, const http::Response& response, const Hints& hints) {
  switch (status) {
    case 400:
    case 422:
      return Error(Reason::kUpstreamRejectedArgument);
    case 401:
      return CredentialError(Reason::kUpstreamCredentialsRejected, hints);
    case 403:
      return CredentialError(Reason::kUpstreamPermissionDenied, hints);
    case 404:
      return Error(hints.names_a_resource ? Reason::kUpstreamNotFound : Reason::kUpstreamEndpointNotFound);
    case 407:
      return Error(Reason::kEgressProxyAuth);
    case 408:
      return Error(Reason::kUpstreamRequestTimeout);
    case 409:
      return hints.says_duplicate ? Error(Reason::kUpstreamConflict).WithCode(absl::StatusCode::kAlreadyExists)
                                  : Error(Reason::kUpstreamConflict);
    case 410:
      return Error(Reason::kUpstreamEndpointNotFound);
    case 412:
      return Error(Reason::kUpstreamPrecondition);
    case 413:
      return Error(Reason::kUpstreamPayloadTooLarge);
    case 405:
    case 406:
    case 411:
    case 414:
    case 415:
    case 417:
    case 431:
      return Error(Reason::kUpstreamContractMismatch);
    case 425:
    case 429:
      return RetryLater(Reason::kUpstreamRateLimited, response, hints);
    default:
      return Error(Reason::kUpstreamRejected);
  }
}

Error ServerError(int status, const http::Response& response, const Hints& hints) {
  if (status == 500) return Error(Reason::kUpstreamInternalError);
  if (status == 501 || status == 505) return Error(Reason::kUpstreamUnimplemented);
  // By RFC 9110, a server that answers 503 has not carried out the request; metadata shows that the gateway relies on
  // that.
  if (status == 503) return RetryLater(Reason::kUpstreamUnavailable, response, hints).With("assumed", "true");
  if (status == 504) return Error(Reason::kUpstreamGatewayTimeout);
  const bool front_end = status == 502 || (status >= 520 && status <= 527) || status == 598 || status == 599;
  return Error(front_end ? Reason::kUpstreamBadGateway : Reason::kUpstreamProtocolError);
}

Error ErrorFor(int status, const http::Response& response, const Hints& hints) {
  if (status >= 200 && status < 300) return Error(Reason::kUpstreamMalformedResponse);
  if (status >= 300 && status < 400) return RedirectError(status, response);
  if (status >= 400 && status < 500) return ClientError(status, response, hints);
  if (status >= 500 && status < 600) return ServerError(status, response, hints);
  return Error(Reason::kUpstreamProtocolError);
}

}  // namespace

absl::Status HttpError(int status, const http::Response& response, const Hints& hints) {
  return ErrorFor(status, response, hints)
      .In(Phase::kDecode)
      .WithHttpStatus(response.status)
      .With("upstreamCode", hints.upstream_code)
      .WithFieldViolations(hints.field_violations);
}

bool IsSuccess(int status) { return status == 200 || status == 201 || status == 202; }

std::optional<absl::Duration> ParseRetryAfter(absl::string_view value, absl::Time now) {
  value = absl::StripAsciiWhitespace(value);
  if (value.empty()) return std::nullopt;
  if (std::all_of(value.begin(), value.end(), absl::ascii_isdigit)) {
    int64_t seconds;
    if (!absl::SimpleAtoi(value, &seconds)) return kMaxRetryAfter;  // too many digits for a number
    return std::min(absl::Seconds(seconds), kMaxRetryAfter);
  }
  // The form that servers send, and the two obsolete ones that readers must accept (RFC 9110, section 5.6.7).
  for (const char* format : {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"}) {
    absl::Time date;
    if (!absl::ParseTime(format, value, &date, nullptr)) continue;
    // ParseTime accepts "infinite-future" in every format.
    if (date == absl::InfiniteFuture() || date == absl::InfinitePast()) continue;
    return std::clamp(date - now, absl::ZeroDuration(), kMaxRetryAfter);
  }
  return std::nullopt;
}

}  // namespace interaction::upstream
