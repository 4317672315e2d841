#include "server/http/transfer.h"

#include <curl/curl.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/match.h"
#include "server/base/errors.h"
#include "server/base/status_macros.h"
#include "server/http/easy_options.h"

namespace interaction::http {

static_assert(CURL_ERROR_SIZE == 256);

struct SocketCallbacks {
  static curl_socket_t Open(void* self, curlsocktype, curl_sockaddr* address) {
    Transfer& transfer = *static_cast<Transfer*>(self);
    if (!transfer.options_.address_policy.Allows(address->addr)) {
      transfer.address_forbidden_ = true;
      return CURL_SOCKET_BAD;
    }
    if (transfer.connections_.events.open() >= transfer.connections_.max_open) {
      transfer.socket_errno_ = EMFILE;
      return CURL_SOCKET_BAD;
    }
    const int fd = socket(address->family, address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, address->protocol);
    if (fd < 0) {
      transfer.socket_errno_ = errno;
      return CURL_SOCKET_BAD;
    }
    transfer.connections_.events.Opened(fd, &transfer.group->sockets);
    return fd;
  }

  // Runs for connections that outlived the transfer that opened them.
  static int Close(void* connections, curl_socket_t fd) {
    return static_cast<Connections*>(connections)->events.Close(fd);
  }
};

namespace {

// An upstream that speaks first on new connections too would make a transfer go on for ever.
constexpr int kMaxSpoiledConnections = 3;

absl::Status OutOfResources() { return Error(Reason::kLocalResource).In(Phase::kConnect); }

absl::Status CannotBeSent() {
  return Error(Reason::kInternalError).WithOutcome(Outcome::kNotApplied).In(Phase::kConnect);
}

long MillisecondsUntil(SteadyTime deadline, SteadyTime now) {
  return std::clamp<SteadyTime>((deadline - now) / 1'000'000, 1, INT32_MAX);  // 0 would mean no timeout
}

long InfoLong(CURL* easy, CURLINFO info) {
  long value = 0;
  curl_easy_getinfo(easy, info, &value);
  return value;
}

}  // namespace

Transfer::Transfer(const EndpointOptions* options, Connections* connections)
    : options_(*options),
      connections_(*connections),
      url_(curl_url()),
      easy_(curl_easy_init()),
      told_max_age_(WholeSecondsBelow(options->max_idle)),
      reader_(options->max_header_bytes, options->max_response_bytes) {
  if (easy_ == nullptr || ApplyEasyOptions(easy_.get(), options_) != CURLE_OK || SetCallbacks() != CURLE_OK) {
    status_ = OutOfResources();
  }
}

int Transfer::SetCallbacks() {
  CURL* const easy = easy_.get();
  CURLcode code = CURLE_OK;
  const auto set = [&](CURLoption option, auto value) {
    if (code == CURLE_OK) code = curl_easy_setopt(easy, option, value);
  };
  set(CURLOPT_CURLU, url_.get());
  set(CURLOPT_PRIVATE, this);
  set(CURLOPT_ERRORBUFFER, error_text_);
  set(CURLOPT_PREREQFUNCTION, &Transfer::OnPrereq);
  set(CURLOPT_PREREQDATA, this);
  set(CURLOPT_HEADERFUNCTION, &Transfer::OnHeader);
  set(CURLOPT_HEADERDATA, this);
  set(CURLOPT_WRITEFUNCTION, &Transfer::OnBody);
  set(CURLOPT_WRITEDATA, this);
  set(CURLOPT_OPENSOCKETFUNCTION, &SocketCallbacks::Open);
  set(CURLOPT_OPENSOCKETDATA, this);
  set(CURLOPT_CLOSESOCKETFUNCTION, &SocketCallbacks::Close);
  set(CURLOPT_CLOSESOCKETDATA, &connections_);
  return code;
}

absl::Status Transfer::Begin(Request request, const TransferLimits& limits, SteadyTime now,
                             TransferObserver* observer) {
  request_ = std::move(request);
  deadline_ = now + absl::ToInt64Nanoseconds(limits.timeout);
  answer_deadline_ = deadline_ + absl::ToInt64Nanoseconds(limits.extra_for_answer);
  send_before_ = limits.send_before;
  observer_ = observer;
  prereq_calls_ = socket_errno_ = spoiled_connections_ = 0;
  address_forbidden_ = too_late_to_send_ = spoiled_ = false;
  socket_ = -1;
  error_text_[0] = '\0';
  reader_.Reset();
  RETURN_IF_ERROR(status_);
  return headers_.Assign(request_) ? absl::OkStatus() : CannotBeSent();
}

absl::Status Transfer::Prepare(Origin* to, ConnectionGroup* via, bool load_addresses, SteadyTime now) {
  origin = to;
  group = via;
  CURL* const easy = easy_.get();
  CURLcode code = group->share() == nullptr ? CURLE_OUT_OF_MEMORY : CURLE_OK;
  const auto set = [&](CURLoption option, auto value) {
    if (code == CURLE_OK) code = curl_easy_setopt(easy, option, value);
  };
  const long connect_ms =
      std::min<long>(absl::ToInt64Milliseconds(options_.connect_timeout), MillisecondsUntil(deadline_, now) / 2);
  if (told_url_ != request_.url) {
    if (curl_url_set(url_.get(), CURLUPART_URL, request_.url.c_str(), CURLU_DISALLOW_USER) != CURLUE_OK)
      return CannotBeSent();
    told_url_ = request_.url;
  }
  set(CURLOPT_POSTFIELDS, request_.body.data());
  set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
  set(CURLOPT_HTTPHEADER, headers_.get());
  set(CURLOPT_TIMEOUT_MS, MillisecondsUntil(answer_deadline_, now));
  set(CURLOPT_CONNECTTIMEOUT_MS, std::max(connect_ms, 1L));
  set(CURLOPT_SHARE, group->share());
  if (load_addresses) set(CURLOPT_RESOLVE, group->resolve(origin->addresses().ip));
  if (told_via_proxy_ != origin->via_proxy()) {
    told_via_proxy_ = origin->via_proxy();
    set(CURLOPT_PROXY, told_via_proxy_ ? options_.proxy.c_str() : "");
  }
  if (std::exchange(told_no_reuse_, false)) set(CURLOPT_FORBID_REUSE, options_.reuse_connections ? 0L : 1L);
  if (const long max_age = WholeSecondsBelow(std::min(options_.max_idle, origin->max_idle()));
      max_age != told_max_age_) {
    told_max_age_ = max_age;
    set(CURLOPT_MAXAGE_CONN, max_age);
  }
  if (const bool new_connection = std::exchange(spoiled_, false); new_connection != told_new_connection_) {
    told_new_connection_ = new_connection;
    set(CURLOPT_FRESH_CONNECT, new_connection || !options_.reuse_connections ? 1L : 0L);
  }
  return code == CURLE_OK ? absl::OkStatus() : OutOfResources();
}

void Transfer::AddressesLoaded() { curl_easy_setopt(easy_.get(), CURLOPT_RESOLVE, nullptr); }

void Transfer::LeaveGroup(SteadyTime now) {
  if (socket_ >= 0) connections_.events.Free(std::exchange(socket_, -1), this);
  curl_easy_setopt(easy_.get(), CURLOPT_SHARE, nullptr);
  group->last_used = now;
  group = nullptr;
}

void Transfer::Reset() {
  request_ = {};
  reader_.Reset();
  observer_ = nullptr;
  origin = nullptr;
  state = State::kIdle;
}

// Runs each time libcurl is about to send the request. When a kept-alive connection dies without an answer, libcurl
// sends the request again on another one, which for a POST is the one thing that must not happen.
int Transfer::OnPrereq(void* self, char* peer_ip, char*, int, int local_port) {
  Transfer& transfer = *static_cast<Transfer*>(self);
  if (transfer.prereq_calls_ > 0) {
    ++transfer.prereq_calls_;
    return CURL_PREREQFUNC_ABORT;
  }
  // Checked here as well as when the socket was opened: the connection may be one that another endpoint opened.
  if (!transfer.origin->via_proxy() && !transfer.options_.address_policy.Allows(std::string(peer_ip))) {
    transfer.address_forbidden_ = true;
    return CURL_PREREQFUNC_ABORT;
  }
  // This process may have stood still since the call was let through.
  if (transfer.send_before_ != kNever && transfer.connections_.clock->SteadyNow() >= transfer.send_before_) {
    transfer.too_late_to_send_ = true;
    return CURL_PREREQFUNC_ABORT;
  }
  if (!transfer.ClaimConnection(local_port)) {
    transfer.spoiled_ = true;
    ++transfer.spoiled_connections_;
    return CURL_PREREQFUNC_ABORT;
  }
  ++transfer.prereq_calls_;
  return CURL_PREREQFUNC_OK;
}

// libcurl uses a kept-alive connection although there is something to be read on it, which would then pass for the
// answer to this request.
bool Transfer::ClaimConnection(int local_port) {
  SocketEvents& events = connections_.events;
  const int fd = events.Find(group->sockets, local_port);
  if (fd < 0) return false;
  curl_tlssessioninfo* tls = nullptr;
  curl_easy_getinfo(easy_.get(), CURLINFO_TLS_SSL_PTR, &tls);
  const SSL* const ssl = tls == nullptr ? nullptr : static_cast<const SSL*>(tls->internals);
  if (ssl != nullptr && SSL_has_pending(ssl) != 0) return false;
  if (!events.Claim(fd, this, ssl != nullptr)) return false;
  socket_ = fd;
  return true;
}

bool Transfer::WantsAnotherConnection() const { return spoiled_ && spoiled_connections_ < kMaxSpoiledConnections; }

size_t Transfer::OnHeader(char* data, size_t size, size_t count, void* self) {
  Transfer& transfer = *static_cast<Transfer*>(self);
  if (!transfer.reader_.AddHeaderLine({data, size * count})) return 0;
  if (transfer.reader_.headers_complete() && !transfer.told_no_reuse_) transfer.DecideOnReuse();
  return size * count;
}

// When the headers are there: the last moment to say whether the connection is kept.
void Transfer::DecideOnReuse() {
  origin->TakeKeepAlive(reader_.keep_alive());
  if (origin->max_idle() > absl::ZeroDuration() && !connections_.HasTooManyIdle()) return;
  told_no_reuse_ = true;
  curl_easy_setopt(easy_.get(), CURLOPT_FORBID_REUSE, 1L);
}

size_t Transfer::OnBody(char* data, size_t size, size_t count, void* self) {
  return static_cast<Transfer*>(self)->reader_.AddBody({data, size * count}) ? size * count : 0;
}

absl::StatusOr<Response> Transfer::Conclude(int curl_code) {
  RETURN_IF_ERROR(Classify(Facts(curl_code)));
  Response response = reader_.Take();
  response.body_truncated = curl_code != CURLE_OK;
  return response;
}

TransferFacts Transfer::Facts(int curl_code) const {
  TransferFacts facts = {
      .curl_code = curl_code,
      .prereq_calls = prereq_calls_,
      .http_status = reader_.status(),
      .headers_complete = reader_.headers_complete(),
      .header_cap_hit = reader_.header_cap_hit(),
      .body_cap_hit = reader_.body_cap_hit(),
      .address_forbidden = address_forbidden_,
      .too_late_to_send = too_late_to_send_,
  };
  if (curl_code == CURLE_OK) return facts;
  CURL* const easy = easy_.get();
  facts.stage = StageReached();
  facts.os_errno = socket_errno_ != 0 ? socket_errno_ : static_cast<int>(InfoLong(easy, CURLINFO_OS_ERRNO));
  facts.tls_alert = absl::StrContains(error_text_, "alert") || absl::StrContains(error_text_, "version") ||
                    absl::StrContains(error_text_, "protocol");
  // "error:0200008A:rsa routines::invalid padding" rather than "error:0A000086:SSL routines::...".
  facts.tls_signature_wrong =
      absl::StrContains(error_text_, " routines:") && !absl::StrContains(error_text_, "SSL routines:");
  facts.via_proxy = told_via_proxy_;
  facts.proxy_status = static_cast<int>(InfoLong(easy, CURLINFO_HTTP_CONNECTCODE));
  return facts;
}

Stage Transfer::StageReached() const {
  // libcurl asks for it as soon as TCP is connected; CURLINFO_CONNECT_TIME_T is not set before TLS is, too.
  return InfoLong(easy_.get(), CURLINFO_LOCAL_PORT) > 0 ? Stage::kTlsHandshake : Stage::kConnecting;
}

}  // namespace interaction::http
