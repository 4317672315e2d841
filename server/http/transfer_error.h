#pragma once

#include "absl/status/status.h"

namespace interaction::http {

// How far a transfer had come when it ended, as long as nothing of the request was sent.
enum class Stage { kResolving, kConnecting, kTlsHandshake };

// Everything that is known about a transfer that ended. `curl_code` alone does not tell what happened: libcurl reports
// the same code for a broken TLS handshake and for a broken answer, and reports success for an answer cut within its
// headers.
struct TransferFacts {
  int curl_code = 0;              // CURLcode
  int prereq_calls = 0;           // times libcurl set out to send the request: 0 means that no byte of it left
  int http_status = 0;            // of the last status line read; 0: none was
  bool headers_complete = false;  // the empty line after the headers of a final (not 1xx) response was read
  bool header_cap_hit = false;    // our own limits ended the transfer
  bool body_cap_hit = false;
  bool address_forbidden = false;  // the address policy refused an address
  bool too_late_to_send = false;   // TransferLimits::send_before had passed
  bool timed_out_in_all = false;   // the whole timeout of the transfer was used up, not only that of connecting
  Stage stage = Stage::kConnecting;
  int os_errno = 0;                  // of the socket call that failed, if one did
  bool tls_alert = false;            // TLS failed for what one side says, not because the connection broke
  bool tls_signature_wrong = false;  // OpenSSL's cryptography, not its protocol, failed: a certificate is forged
  bool via_proxy = false;
  int proxy_status = 0;  // answer to CONNECT; 0: none
};

// OK: what was read is a Response, for Decode to judge. That includes a response of status >= 400 whose body was cut
// off after its headers (Response::body_truncated): the verdict was given. Otherwise the error of the transfer, from
// the catalogue, with phase and the metadata curlCode and httpStatus. libcurl's error text never gets in: it names
// hosts and addresses.
//
// Pure. Whatever the input: with prereq_calls > 0 the outcome is never NOT_APPLIED and the code never UNAVAILABLE.
absl::Status Classify(const TransferFacts& facts);

}  // namespace interaction::http
