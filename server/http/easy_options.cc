#include "server/http/easy_options.h"

#include <curl/curl.h>

#include <algorithm>

#include "absl/time/time.h"

namespace interaction::http {
namespace {

// Keeps the first error.
class Setter {
 public:
  explicit Setter(CURL* easy) : easy_(easy) {}

  template <typename Value>
  void operator()(CURLoption option, Value value) {
    if (result_ == CURLE_OK) result_ = curl_easy_setopt(easy_, option, value);
  }
  CURLcode result() const { return result_; }

 private:
  CURL* const easy_;
  CURLcode result_ = CURLE_OK;
};

// Answers are small; thousands of transfers are in flight at once, each with a buffer of its own.
constexpr long kReceiveBufferBytes = 2 << 10;
constexpr long kSendBufferBytes = 16 << 10;  // the least that libcurl takes; used with TLS only

void SetProtocol(Setter& set, const EndpointOptions& options) {
  const char* const protocols = options.allow_plaintext ? "http,https" : "https";
  set(CURLOPT_PROTOCOLS_STR, protocols);
  set(CURLOPT_REDIR_PROTOCOLS_STR, protocols);
  set(CURLOPT_FOLLOWLOCATION, 0L);            // a redirect would take the token to another host
  set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);  // "https://api.example.com@evil.example/"
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));  // HTTP/2 of 7.88 loses and repeats requests
  set(CURLOPT_HTTP09_ALLOWED, 0L);
  set(CURLOPT_POST, 1L);
  set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
}

void SetConnections(Setter& set, const EndpointOptions& options) {
  set(CURLOPT_MAXAGE_CONN, WholeSecondsBelow(options.max_idle));
  set(CURLOPT_MAXLIFETIME_CONN, std::max(WholeSecondsBelow(options.max_lifetime), 1L));  // 0 would mean no limit
  set(CURLOPT_FORBID_REUSE, options.reuse_connections ? 0L : 1L);
  set(CURLOPT_FRESH_CONNECT, options.reuse_connections ? 0L : 1L);
  set(CURLOPT_TCP_NODELAY, 1L);
  set(CURLOPT_TCP_KEEPALIVE, 1L);  // load balancers drop silent connections after minutes, and tell nobody
  set(CURLOPT_TCP_KEEPIDLE, 30L);
  set(CURLOPT_TCP_KEEPINTVL, 10L);
  set(CURLOPT_BUFFERSIZE, kReceiveBufferBytes);
  set(CURLOPT_UPLOAD_BUFFERSIZE, kSendBufferBytes);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_QUICK_EXIT, 1L);  // else ending a transfer waits for libcurl's resolver thread (a proxy's name)
  set(CURLOPT_DNS_CACHE_TIMEOUT, 30L);
}

void SetTls(Setter& set, const EndpointOptions& options) {
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  // With a CA directory, Debian's default, libcurl parses all CA certificates again for every connection: 20 ms each.
  set(CURLOPT_CAPATH, static_cast<char*>(nullptr));
  set(CURLOPT_PROXY_CAPATH, static_cast<char*>(nullptr));
  set(CURLOPT_CA_CACHE_TIMEOUT, 300L);  // default a day: a renewed bundle would go unnoticed
  if (!options.ca_file.empty()) {
    set(CURLOPT_CAINFO, options.ca_file.c_str());
    set(CURLOPT_PROXY_CAINFO, options.ca_file.c_str());
  }
  if (!options.client_cert_file.empty()) {
    set(CURLOPT_SSLCERT, options.client_cert_file.c_str());
    set(CURLOPT_SSLKEY, options.client_key_file.c_str());
  }
}

void SetProxy(Setter& set) {
  // Said explicitly, or http_proxy and the like in the environment would decide. A transfer through the configured
  // proxy sets CURLOPT_PROXY for itself.
  set(CURLOPT_PROXY, "");
  set(CURLOPT_NOPROXY, "");
  set(CURLOPT_HEADEROPT, static_cast<long>(CURLHEADER_SEPARATE));  // the token is not for the proxy
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);                       // its answer to CONNECT is not the response
}

}  // namespace

long WholeSecondsBelow(absl::Duration limit) { return std::max<long>(absl::ToInt64Seconds(limit), 1) - 1; }

int ApplyEasyOptions(void* easy, const EndpointOptions& options) {
  Setter set(easy);
  SetProtocol(set, options);
  SetConnections(set, options);
  SetTls(set, options);
  SetProxy(set);
  return set.result();
}

}  // namespace interaction::http
