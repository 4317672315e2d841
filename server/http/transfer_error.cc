#include "server/http/transfer_error.h"

#include <curl/curl.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "server/base/errors.h"

namespace interaction::http {
namespace {

using Code = absl::StatusCode;

bool IsResponse(const TransferFacts& facts) {
  if (facts.prereq_calls != 1 || facts.http_status == 0) return false;
  return facts.curl_code == CURLE_OK || (facts.http_status >= 400 && facts.headers_complete);
}

Phase PhaseOf(Stage stage) {
  switch (stage) {
    case Stage::kResolving:
      return Phase::kResolve;
    case Stage::kConnecting:
      return Phase::kConnect;
    case Stage::kTlsHandshake:
      return Phase::kTls;
  }
  return Phase::kConnect;
}

// The request cannot have been sent because of how the gateway built it: a defect here, but surely nothing was applied.
Error Defect() { return Error(Reason::kInternalError).WithOutcome(Outcome::kNotApplied); }

Error TimedOutBeforeSend(const TransferFacts& facts) {
  Error error(facts.stage == Stage::kResolving ? Reason::kUpstreamDnsTimeout : Reason::kUpstreamConnectTimeout);
  if (facts.timed_out_in_all) error.WithCode(Code::kDeadlineExceeded);
  return error;
}

Error CouldNotConnect(const TransferFacts& facts) {
  if (facts.too_late_to_send) return Error(Reason::kIdempotencyLeaseExpired);
  if (facts.address_forbidden) return Error(Reason::kEgressAddressForbidden);
  if (facts.os_errno == EMFILE || facts.os_errno == ENFILE || facts.os_errno == ENOBUFS || facts.os_errno == ENOMEM) {
    return Error(Reason::kLocalResource);
  }
  return Error(facts.via_proxy ? Reason::kEgressProxyFailed : Reason::kUpstreamConnectFailed);
}

Error BrokeBeforeSend(const TransferFacts& facts) {
  if (!facts.via_proxy) return Error(Reason::kUpstreamConnectFailed);
  return Error(facts.proxy_status == 407 ? Reason::kEgressProxyAuth : Reason::kEgressProxyFailed);
}

Error HandshakeFailed(const TransferFacts& facts) {
  if (facts.tls_signature_wrong) return Error(Reason::kUpstreamTlsVerifyFailed);
  Error error(Reason::kUpstreamTlsFailed);
  // A side that refuses will refuse again; a connection that broke may do better next time.
  if (facts.tls_alert) error.WithCode(Code::kFailedPrecondition);
  return error;
}

Error BeforeSend(const TransferFacts& facts) {
  switch (facts.curl_code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return Error(Reason::kUpstreamDnsFailure);
    case CURLE_OPERATION_TIMEDOUT:
      return TimedOutBeforeSend(facts);
    case CURLE_COULDNT_CONNECT:
    case CURLE_ABORTED_BY_CALLBACK:
      return CouldNotConnect(facts);
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_PROXY:
      return Error(Reason::kEgressProxyFailed);
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
      return BrokeBeforeSend(facts);
    case CURLE_SSL_CONNECT_ERROR:
      return HandshakeFailed(facts);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_INVALIDCERTSTATUS:
      return Error(Reason::kUpstreamTlsVerifyFailed);
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_SSL_CRL_BADFILE:
      return Error(Reason::kEgressTlsConfig);
    case CURLE_FAILED_INIT:
    case CURLE_OUT_OF_MEMORY:
      return Error(Reason::kLocalResource);
    case CURLE_OK:  // success without having sent: the facts contradict each other, so nothing is claimed
      return Error(Reason::kInternalError);
    default:
      return Defect();
  }
}

Phase BeforeSendPhase(const TransferFacts& facts) {
  switch (facts.curl_code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return Phase::kResolve;
    case CURLE_OPERATION_TIMEDOUT:
      return PhaseOf(facts.stage);
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
      return Phase::kTls;
    default:
      return Phase::kConnect;
  }
}

Reason AfterSend(const TransferFacts& facts) {
  if (facts.header_cap_hit || facts.body_cap_hit) return Reason::kUpstreamResponseTooLarge;
  if (facts.prereq_calls > 1) return Reason::kUpstreamConnectionLost;  // the guard stopped a second sending
  switch (facts.curl_code) {
    case CURLE_OPERATION_TIMEDOUT:
      return Reason::kUpstreamTimeout;
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
      return facts.http_status == 0 ? Reason::kUpstreamConnectionLost : Reason::kUpstreamTruncated;
    case CURLE_OK:  // with a status it would be a response
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
      return Reason::kUpstreamProtocolError;
    case CURLE_OUT_OF_MEMORY:  // what libcurl makes of a header line beyond its own limits
      return Reason::kUpstreamResponseTooLarge;
    case CURLE_BAD_CONTENT_ENCODING:
      return Reason::kUpstreamMalformedResponse;
    default:
      return Reason::kUpstreamConnectionLost;
  }
}

Phase AfterSendPhase(const TransferFacts& facts) {
  if (facts.curl_code == CURLE_SEND_ERROR) return Phase::kSend;
  return facts.http_status == 0 ? Phase::kWait : Phase::kReceive;
}

}  // namespace

absl::Status Classify(const TransferFacts& facts) {
  if (IsResponse(facts)) return absl::OkStatus();
  const bool sent = facts.prereq_calls > 0;
  Error error = sent ? Error(AfterSend(facts)) : BeforeSend(facts);
  error.In(sent ? AfterSendPhase(facts) : BeforeSendPhase(facts)).With("curlCode", absl::StrCat(facts.curl_code));
  if (sent && facts.http_status != 0) error.WithHttpStatus(facts.http_status);
  return error;
}

}  // namespace interaction::http
