#include "server/http/connector.h"

#include <curl/curl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/base/status_macros.h"
#include "server/http/transfer_error.h"

namespace interaction::http {

class Connector::Attempt {
 public:
  // What attempts share. Outlives them.
  struct Sockets {
    size_t open = 0;  // those handed over included
    size_t max_open = 0;
    std::vector<Attempt*> without;  // attempts that have just closed one
  };

  explicit Attempt(Sockets* sockets) : sockets_(*sockets) {}

  // OK if libcurl could be given all options.
  absl::Status Prepare(const ConnectTarget& target, const ConnectOptions& options, Observer* observer);

  // The socket, once libcurl has connected it. It is no longer libcurl's then.
  int TakeSocket();
  absl::Status FailureWith(CURLcode code) const;

  CURL* easy() const { return easy_.get(); }
  Observer* observer() const { return observer_; }

  size_t index = 0;  // in the connector's list

 private:
  static curl_socket_t OnOpen(void* self, curlsocktype, curl_sockaddr* address);
  static int OnClose(void* self, curl_socket_t fd);

  CURLcode SetOptions();
  std::string UrlOf(const ConnectTarget& target) const;

  Sockets& sockets_;
  const EasyHandle easy_{curl_easy_init()};
  bool has_options_ = false;
  std::string url_;
  ListHandle resolve_;
  AddressPolicy address_policy_;
  Observer* observer_ = nullptr;
  bool via_proxy_ = false;
  bool address_forbidden_ = false;
  int socket_errno_ = 0;
  int taken_ = -1;  // the socket that was taken
};

namespace {

constexpr size_t kMaxSpareAttempts = 64;

std::string Bracketed(const std::string& ip) { return absl::StrContains(ip, ':') ? absl::StrCat("[", ip, "]") : ip; }

// A socket that libcurl wants to be told about.
class WatchedSocket final : public event::Poll::Handler {
 public:
  WatchedSocket(int fd, event::Poll* poll, absl::AnyInvocable<void(int fd, uint32_t events)>* act)
      : fd_(fd), poll_(*poll), act_(*act) {}
  ~WatchedSocket() {
    if (watched_) poll_.Remove(fd_, this);
  }

  absl::Status Watch(uint32_t events) {
    if (watched_) {
      poll_.Modify(fd_, events, this);
      return absl::OkStatus();
    }
    watched_ = true;
    return poll_.Add(fd_, events, this);
  }

 private:
  void OnEvents(uint32_t events) override { act_(fd_, events); }

  const int fd_;
  event::Poll& poll_;
  absl::AnyInvocable<void(int fd, uint32_t events)>& act_;
  bool watched_ = false;
};

uint32_t ToEpoll(int what) {
  uint32_t events = 0;
  if (what & CURL_POLL_IN) events |= EPOLLIN;
  if (what & CURL_POLL_OUT) events |= EPOLLOUT;
  return events;
}

// An error or a hang-up is read, or written into, like anything else: only that tells libcurl which it was.
int ToCurl(uint32_t events) {
  int result = 0;
  if (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) result |= CURL_CSELECT_IN;
  if (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) result |= CURL_CSELECT_OUT;
  return result;
}

}  // namespace

curl_socket_t Connector::Attempt::OnOpen(void* self, curlsocktype, curl_sockaddr* address) {
  Attempt& attempt = *static_cast<Attempt*>(self);
  if (!attempt.address_policy_.Allows(address->addr)) {
    attempt.address_forbidden_ = true;
    return CURL_SOCKET_BAD;
  }
  if (attempt.sockets_.open >= attempt.sockets_.max_open) {
    attempt.socket_errno_ = EMFILE;
    return CURL_SOCKET_BAD;
  }
  const int fd = socket(address->family, address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, address->protocol);
  if (fd < 0) {
    attempt.socket_errno_ = errno;
    return CURL_SOCKET_BAD;
  }
  ++attempt.sockets_.open;
  return fd;
}

int Connector::Attempt::OnClose(void* self, curl_socket_t fd) {
  Attempt& attempt = *static_cast<Attempt*>(self);
  if (fd == attempt.taken_) return 0;
  --attempt.sockets_.open;
  attempt.sockets_.without.push_back(&attempt);
  return close(fd);
}

CURLcode Connector::Attempt::SetOptions() {
  CURLcode code = easy() == nullptr ? CURLE_OUT_OF_MEMORY : CURLE_OK;
  const auto set = [&](CURLoption option, auto value) {
    if (code == CURLE_OK) code = curl_easy_setopt(easy(), option, value);
  };
  set(CURLOPT_CONNECT_ONLY, 1L);
  set(CURLOPT_PROTOCOLS_STR, "http");
  set(CURLOPT_PRIVATE, this);
  set(CURLOPT_OPENSOCKETFUNCTION, &OnOpen);
  set(CURLOPT_OPENSOCKETDATA, this);
  set(CURLOPT_CLOSESOCKETFUNCTION, &OnClose);
  set(CURLOPT_CLOSESOCKETDATA, this);
  set(CURLOPT_NOPROXY, "");  // or the environment would decide
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(CURLOPT_TCP_NODELAY, 1L);
  set(CURLOPT_TCP_KEEPALIVE, 1L);  // load balancers drop silent connections after minutes, and tell nobody
  set(CURLOPT_TCP_KEEPIDLE, 30L);
  set(CURLOPT_TCP_KEEPINTVL, 10L);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_QUICK_EXIT, 1L);  // else ending an attempt waits for libcurl's resolver thread (a proxy's name)
  return code;
}

std::string Connector::Attempt::UrlOf(const ConnectTarget& target) const {
  const std::string& host = target.addresses.size() == 1 ? target.addresses[0] : target.host;
  return absl::StrCat("http://", Bracketed(host), ":", target.port, "/");
}

absl::Status Connector::Attempt::Prepare(const ConnectTarget& target, const ConnectOptions& options,
                                         Observer* observer) {
  observer_ = observer;
  address_policy_ = options.address_policy;
  via_proxy_ = !target.proxy.empty();
  address_forbidden_ = false;
  socket_errno_ = 0;
  taken_ = -1;
  CURLcode code = has_options_ ? CURLE_OK : SetOptions();
  has_options_ = code == CURLE_OK;
  const auto set = [&](CURLoption option, auto value) {
    if (code == CURLE_OK) code = curl_easy_setopt(easy(), option, value);
  };
  url_ = UrlOf(target);
  set(CURLOPT_URL, url_.c_str());
  set(CURLOPT_PROXY, target.proxy.c_str());
  set(CURLOPT_HTTPPROXYTUNNEL, target.tunnel ? 1L : 0L);
  set(CURLOPT_CONNECTTIMEOUT_MS, std::max<long>(absl::ToInt64Milliseconds(options.timeout), 1));
  resolve_.reset();
  if (target.addresses.size() > 1) {
    const std::string entry = absl::StrCat(target.host, ":", target.port, ":",
                                           absl::StrJoin(target.addresses, ",", [](std::string* out, const auto& ip) {
                                             absl::StrAppend(out, Bracketed(ip));
                                           }));
    resolve_.reset(curl_slist_append(nullptr, entry.c_str()));
    if (resolve_ == nullptr) code = CURLE_OUT_OF_MEMORY;
  }
  set(CURLOPT_RESOLVE, resolve_.get());
  return code == CURLE_OK ? absl::OkStatus() : OutOfResources();
}

int Connector::Attempt::TakeSocket() {
  curl_socket_t fd = -1;
  curl_easy_getinfo(easy(), CURLINFO_ACTIVESOCKET, &fd);
  return taken_ = fd;
}

absl::Status Connector::Attempt::FailureWith(CURLcode code) const {
  long os_errno = 0;
  long proxy_status = 0;
  curl_easy_getinfo(easy(), CURLINFO_OS_ERRNO, &os_errno);
  curl_easy_getinfo(easy(), CURLINFO_HTTP_CONNECTCODE, &proxy_status);
  return ConnectError({.curl_code = code,
                       .os_errno = socket_errno_ != 0 ? socket_errno_ : static_cast<int>(os_errno),
                       .address_forbidden = address_forbidden_,
                       .via_proxy = via_proxy_,
                       .proxy_status = static_cast<int>(proxy_status)});
}

namespace {

// libcurl's multi interface, told about its sockets and timers by the loop.
class CurlConnector final : public Connector, private event::Timers::Timer {
 public:
  CurlConnector(event::Loop* loop, size_t max_open) : loop_(*loop) { sockets_.max_open = max_open; }
  ~CurlConnector() override;

  absl::Status Init();

  absl::StatusOr<Attempt*> Start(const ConnectTarget& target, const ConnectOptions& options,
                                 Observer* observer) override;
  void Cancel(Attempt* attempt) override;
  void Close(int fd) override;

 private:
  static int OnSocket(void* easy, int fd, int what, void* self, void* watched);

  void OnDue() override;
  void Act(int fd, int curl_events);
  void Reap();
  void GoOnToNextAddress();
  void SetTimer(std::optional<SteadyTime> due);
  void AskForTimer();
  std::unique_ptr<Attempt> Remove(Attempt* attempt);

  event::Loop& loop_;
  Attempt::Sockets sockets_;
  absl::AnyInvocable<void(int fd, uint32_t events)> act_ = [this](int fd, uint32_t events) { Act(fd, ToCurl(events)); };
  std::vector<std::unique_ptr<Attempt>> attempts_;
  std::vector<std::unique_ptr<Attempt>> spare_;
  MultiHandle multi_;
  std::optional<SteadyTime> timer_;  // listed in the loop
};

CurlConnector::~CurlConnector() {
  while (!attempts_.empty()) Remove(attempts_.back().get());
  SetTimer(std::nullopt);
}

absl::Status CurlConnector::Init() {
  multi_.reset(curl_multi_init());
  if (multi_ == nullptr || curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETFUNCTION, &OnSocket) != CURLM_OK ||
      curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETDATA, this) != CURLM_OK) {
    return absl::ResourceExhaustedError("out of memory");
  }
  return absl::OkStatus();
}

absl::StatusOr<Connector::Attempt*> CurlConnector::Start(const ConnectTarget& target, const ConnectOptions& options,
                                                         Observer* observer) {
  std::unique_ptr<Attempt> attempt;
  if (spare_.empty()) {
    attempt = std::make_unique<Attempt>(&sockets_);
  } else {
    attempt = std::move(spare_.back());
    spare_.pop_back();
  }
  RETURN_IF_ERROR(attempt->Prepare(target, options, observer));
  if (curl_multi_add_handle(multi_.get(), attempt->easy()) != CURLM_OK) return OutOfResources();
  attempt->index = attempts_.size();
  attempts_.push_back(std::move(attempt));
  SetTimer(loop_.clock().SteadyNow());
  return attempts_.back().get();
}

void CurlConnector::Cancel(Attempt* attempt) { Remove(attempt); }

void CurlConnector::Close(int fd) {
  --sockets_.open;
  close(fd);
}

// Takes the attempt back from libcurl, which closes its sockets but one that was taken.
std::unique_ptr<Connector::Attempt> CurlConnector::Remove(Attempt* attempt) {
  curl_multi_remove_handle(multi_.get(), attempt->easy());
  std::erase(sockets_.without, attempt);
  std::swap(attempts_[attempt->index], attempts_.back());
  attempts_[attempt->index]->index = attempt->index;
  std::unique_ptr<Attempt> removed = std::move(attempts_.back());
  attempts_.pop_back();
  return removed;
}

void CurlConnector::OnDue() {
  timer_.reset();
  Act(CURL_SOCKET_TIMEOUT, 0);
}

void CurlConnector::Act(int fd, int curl_events) {
  int running;
  curl_multi_socket_action(multi_.get(), fd, curl_events, &running);
  Reap();
  GoOnToNextAddress();
  AskForTimer();
}

// When an address refuses, libcurl 7.88 waits for one of its timers before it tries the next: 200 ms, or more. To be
// resumed after a pause makes it act at once.
void CurlConnector::GoOnToNextAddress() {
  for (Attempt* const attempt : std::exchange(sockets_.without, {})) {
    curl_easy_pause(attempt->easy(), CURLPAUSE_ALL);
    curl_easy_pause(attempt->easy(), CURLPAUSE_CONT);
  }
}

// Reports what libcurl has finished.
void CurlConnector::Reap() {
  int left;
  while (CURLMsg* const message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    char* self;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &self);
    Attempt* const attempt = reinterpret_cast<Attempt*>(self);
    absl::StatusOr<int> result =
        code == CURLE_OK ? absl::StatusOr<int>(attempt->TakeSocket()) : absl::StatusOr<int>(attempt->FailureWith(code));
    Observer* const observer = attempt->observer();
    std::unique_ptr<Attempt> removed = Remove(attempt);
    if (spare_.size() < kMaxSpareAttempts) spare_.push_back(std::move(removed));
    observer->OnConnected(std::move(result));
  }
}

void CurlConnector::SetTimer(std::optional<SteadyTime> due) {
  if (timer_ == due) return;
  if (timer_) loop_.timers().Remove(*timer_, this);
  timer_ = due;
  if (timer_) loop_.timers().Add(*timer_, this);
}

// Asked for, not waited for: libcurl calls CURLMOPT_TIMERFUNCTION only when its idea of the next expiry has changed.
void CurlConnector::AskForTimer() {
  long milliseconds = -1;
  curl_multi_timeout(multi_.get(), &milliseconds);
  SetTimer(milliseconds < 0 ? std::nullopt : std::optional(loop_.clock().SteadyNow() + milliseconds * 1'000'000));
}

int CurlConnector::OnSocket(void*, int fd, int what, void* self, void* watched) {
  CurlConnector& connector = *static_cast<CurlConnector*>(self);
  auto* socket = static_cast<WatchedSocket*>(watched);
  if (what == CURL_POLL_REMOVE) {
    delete socket;
    curl_multi_assign(connector.multi_.get(), fd, nullptr);
    return 0;
  }
  if (socket == nullptr) {
    socket = new WatchedSocket(fd, &connector.loop_.poll(), &connector.act_);
    curl_multi_assign(connector.multi_.get(), fd, socket);
  }
  return socket->Watch(ToEpoll(what)).ok() ? 0 : -1;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Connector>> Connector::Create(event::Loop* loop, size_t max_open) {
  auto connector = std::make_unique<CurlConnector>(loop, max_open);
  RETURN_IF_ERROR(connector->Init());
  return connector;
}

}  // namespace interaction::http
