#pragma once

#include "absl/status/status.h"
#include "server/tls/stream.h"

namespace interaction::http {

// The errors of transfers that brought no response. All are from the catalogue, with their phase.

// Of a transfer of which nothing was sent, so nothing was applied.

// The process has no descriptor, or no memory, left for a connection.
absl::Status OutOfResources();

// A defect of the gateway: the request must not be sent as it is.
absl::Status NotSendable();

// How far a transfer had come when its time was over.
enum class Stage { kResolving, kConnecting, kTlsHandshake };

// Resolving may use up the whole timeout of the transfer, so that is a deadline exceeded; connecting may not.
absl::Status TimedOutBeforeSending(Stage stage);

// What is known about a connection that was not made.
struct ConnectFacts {
  int curl_code = 0;               // CURLcode; 0: libcurl was not asked
  int os_errno = 0;                // of the socket call that failed, if one did
  bool address_forbidden = false;  // the address policy refused an address
  bool via_proxy = false;
  int proxy_status = 0;  // answer to CONNECT; 0: none
};

// With the metadata connectError, the system's words for os_errno, or else curlCode. libcurl's error text never gets
// in: it names hosts and addresses.
absl::Status ConnectError(const ConnectFacts& facts);

// With the metadata tlsError, OpenSSL's words.
absl::Status HandshakeError(const tls::HandshakeFailure& failure);

// Of a transfer of which bytes may have reached the upstream.

enum class ExchangeEnd {
  kComplete,
  kTimedOut,
  kReset,          // the connection broke
  kBrokeSending,   // ... while the request was being written, and no answer came
  kTruncated,      // the upstream ended it too early, perhaps before the first byte
  kProtocolError,  // it is none
  kTooLarge,       // above one of our limits
};

// OK: what was read is a Response, for Decode to judge. That includes a response of status >= 400 whose body was cut
// off after its headers (Response::body_truncated): the verdict was given. Otherwise an error with the metadata
// httpStatus, of which the outcome is never NOT_APPLIED and the code never UNAVAILABLE.
//
// `http_status`: of the last status line read; 0: none was. `headers_complete`: those of a final (not 1xx) response.
absl::Status Judge(ExchangeEnd end, int http_status, bool headers_complete);

}  // namespace interaction::http
