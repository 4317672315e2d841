#include "server/http/transfer_error.h"

#include <curl/curl.h>

#include <cerrno>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "server/base/errors.h"

namespace interaction::http {
namespace {

using Code = absl::StatusCode;

bool IsOutOfResources(int os_errno) {
  return os_errno == EMFILE || os_errno == ENFILE || os_errno == ENOBUFS || os_errno == ENOMEM;
}

Error NotConnected(const ConnectFacts& facts) {
  if (facts.address_forbidden) return Error(Reason::kEgressAddressForbidden);
  if (IsOutOfResources(facts.os_errno)) return Error(Reason::kLocalResource);
  switch (facts.curl_code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return Error(Reason::kUpstreamDnsFailure);
    case CURLE_OPERATION_TIMEDOUT:
      return Error(Reason::kUpstreamConnectTimeout);
    case CURLE_OK:
    case CURLE_COULDNT_CONNECT:
      return Error(facts.via_proxy ? Reason::kEgressProxyFailed : Reason::kUpstreamConnectFailed);
    case CURLE_FAILED_INIT:
    case CURLE_OUT_OF_MEMORY:
      return Error(Reason::kLocalResource);
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_PROXY:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
      return Error(facts.proxy_status == 407 ? Reason::kEgressProxyAuth : Reason::kEgressProxyFailed);
    default:  // a defect of how the gateway asked for the connection, but surely nothing was applied
      return Error(Reason::kInternalError).WithOutcome(Outcome::kNotApplied);
  }
}

Reason ReasonOf(ExchangeEnd end, bool answered) {
  switch (end) {
    case ExchangeEnd::kTimedOut:
      return Reason::kUpstreamTimeout;
    case ExchangeEnd::kReset:
    case ExchangeEnd::kTruncated:
      return answered ? Reason::kUpstreamTruncated : Reason::kUpstreamConnectionLost;
    case ExchangeEnd::kTooLarge:
      return Reason::kUpstreamResponseTooLarge;
    case ExchangeEnd::kBrokeSending:
      return Reason::kUpstreamConnectionLost;
    case ExchangeEnd::kComplete:  // with a status it would be a response
    case ExchangeEnd::kProtocolError:
      return Reason::kUpstreamProtocolError;
  }
  return Reason::kUpstreamConnectionLost;
}

Phase PhaseOf(ExchangeEnd end, bool answered) {
  if (end == ExchangeEnd::kBrokeSending) return Phase::kSend;
  return answered ? Phase::kReceive : Phase::kWait;
}

}  // namespace

absl::Status OutOfResources() { return Error(Reason::kLocalResource).In(Phase::kConnect); }

absl::Status NotSendable() {
  return Error(Reason::kInternalError).WithOutcome(Outcome::kNotApplied).In(Phase::kConnect);
}

absl::Status TimedOutBeforeSending(Stage stage) {
  switch (stage) {
    case Stage::kResolving:
      return Error(Reason::kUpstreamDnsTimeout).WithCode(Code::kDeadlineExceeded).In(Phase::kResolve);
    case Stage::kConnecting:
      break;
    case Stage::kTlsHandshake:
      return Error(Reason::kUpstreamConnectTimeout).In(Phase::kTls);
  }
  return Error(Reason::kUpstreamConnectTimeout).In(Phase::kConnect);
}

absl::Status ConnectError(const ConnectFacts& facts) {
  const bool resolving =
      facts.curl_code == CURLE_COULDNT_RESOLVE_HOST || facts.curl_code == CURLE_COULDNT_RESOLVE_PROXY;
  Error error = NotConnected(facts);
  error.In(resolving ? Phase::kResolve : Phase::kConnect);
  if (facts.os_errno != 0) return error.With("connectError", std::generic_category().message(facts.os_errno));
  if (facts.curl_code != 0) error.With("curlCode", absl::StrCat(facts.curl_code));
  return error;
}

absl::Status HandshakeError(const tls::HandshakeFailure& failure) {
  using Kind = tls::HandshakeFailure::Kind;
  Error error(failure.kind == Kind::kNotTrusted ? Reason::kUpstreamTlsVerifyFailed : Reason::kUpstreamTlsFailed);
  // A side that refuses will refuse again; a connection that broke may do better next time.
  if (failure.kind == Kind::kRefused) error.WithCode(Code::kFailedPrecondition);
  return error.In(Phase::kTls).With("tlsError", failure.what);
}

absl::Status Judge(ExchangeEnd end, int http_status, bool headers_complete) {
  const bool answered = http_status != 0;
  if (answered && (end == ExchangeEnd::kComplete || (http_status >= 400 && headers_complete))) return absl::OkStatus();
  Error error(ReasonOf(end, answered));
  error.In(PhaseOf(end, answered));
  if (answered) error.WithHttpStatus(http_status);
  return error;
}

}  // namespace interaction::http
