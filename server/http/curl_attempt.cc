#include "server/http/curl_attempt.h"

#include <curl/curl.h>

#include <algorithm>
#include <cerrno>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/http/curl_group.h"
#include "server/http/transfer_error.h"
#include "server/http/url.h"

namespace interaction::http {
namespace {

// For a proxy's answer; thousands of attempts may be under way. The least that libcurl takes.
constexpr long kBufferBytes = 1 << 10;

}  // namespace

CurlAttempt::CurlAttempt(Sockets* sockets, Owner* owner)
    : sockets_(*sockets), owner_(*owner), easy_(curl_easy_init()) {}

struct AttemptCallbacks {
  static curl_socket_t Open(void* self, curlsocktype, curl_sockaddr* address) {
    CurlAttempt& attempt = *static_cast<CurlAttempt*>(self);
    if (!attempt.address_policy_.Allows(address->addr)) {
      attempt.address_forbidden_ = true;
      return CURL_SOCKET_BAD;
    }
    const int fd = attempt.sockets_.Open(address->family);
    if (fd < 0) attempt.socket_errno_ = errno;
    return fd < 0 ? CURL_SOCKET_BAD : fd;
  }

  static int Close(void* self, curl_socket_t fd) {
    CurlAttempt& attempt = *static_cast<CurlAttempt*>(self);
    if (fd == attempt.taken_) return 0;
    if (attempt.group != nullptr) attempt.group->NoteRefusal(&attempt);
    attempt.sockets_.Close(fd);
    return 0;
  }
};

int CurlAttempt::SetOptions() {
  CURLcode code = easy() == nullptr ? CURLE_OUT_OF_MEMORY : CURLE_OK;
  const auto set = [&](CURLoption option, auto value) {
    if (code == CURLE_OK) code = curl_easy_setopt(easy(), option, value);
  };
  set(CURLOPT_CONNECT_ONLY, 1L);
  set(CURLOPT_PROTOCOLS_STR, "http");
  set(CURLOPT_PRIVATE, this);
  set(CURLOPT_OPENSOCKETFUNCTION, &AttemptCallbacks::Open);
  set(CURLOPT_OPENSOCKETDATA, this);
  set(CURLOPT_CLOSESOCKETFUNCTION, &AttemptCallbacks::Close);
  set(CURLOPT_CLOSESOCKETDATA, this);
  set(CURLOPT_NOPROXY, "");  // or the environment would decide
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(CURLOPT_BUFFERSIZE, kBufferBytes);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_QUICK_EXIT, 1L);  // else ending an attempt waits for libcurl's resolver thread (a proxy's name)
  return code;
}

absl::Status CurlAttempt::Prepare(const ConnectTarget& target, const ConnectOptions& options,
                                  Connector::Observer* observer) {
  observer_ = observer;
  address_policy_ = options.address_policy;
  via_proxy_ = !target.proxy.empty();
  address_forbidden_ = false;
  socket_errno_ = 0;
  taken_ = -1;
  if (!has_options_ && SetOptions() != CURLE_OK) return OutOfResources();
  has_options_ = true;
  CURLcode code = CURLE_OK;
  const auto set = [&](CURLoption option, auto value) {
    if (code == CURLE_OK) code = curl_easy_setopt(easy(), option, value);
  };
  url_ = absl::StrCat("http://", InBrackets(target.host), ":", target.port, "/");
  set(CURLOPT_URL, url_.c_str());
  set(CURLOPT_PROXY, target.proxy.c_str());
  set(CURLOPT_HTTPPROXYTUNNEL, target.tunnel ? 1L : 0L);
  set(CURLOPT_CONNECTTIMEOUT_MS, std::max<long>(absl::ToInt64Milliseconds(options.timeout), 1));
  resolve_.reset();
  if (target.addresses.size() > 1) {
    const std::string entry = absl::StrCat(target.host, ":", target.port, ":",
                                           absl::StrJoin(target.addresses, ",", [](std::string* out, const auto& ip) {
                                             absl::StrAppend(out, InBrackets(ip));
                                           }));
    resolve_.reset(curl_slist_append(nullptr, entry.c_str()));
    if (resolve_ == nullptr) code = CURLE_OUT_OF_MEMORY;
  }
  set(CURLOPT_RESOLVE, resolve_.get());
  return code == CURLE_OK ? absl::OkStatus() : OutOfResources();
}

int CurlAttempt::TakeSocket() {
  curl_socket_t fd = -1;
  curl_easy_getinfo(easy(), CURLINFO_ACTIVESOCKET, &fd);
  return taken_ = fd;
}

absl::Status CurlAttempt::FailureWith(int curl_code) const {
  long os_errno = 0;
  long proxy_status = 0;
  curl_easy_getinfo(easy(), CURLINFO_OS_ERRNO, &os_errno);
  curl_easy_getinfo(easy(), CURLINFO_HTTP_CONNECTCODE, &proxy_status);
  return ConnectError({.curl_code = curl_code,
                       .os_errno = socket_errno_ != 0 ? socket_errno_ : static_cast<int>(os_errno),
                       .address_forbidden = address_forbidden_,
                       .via_proxy = via_proxy_,
                       .proxy_status = static_cast<int>(proxy_status)});
}

}  // namespace interaction::http
