#include "server/http/curl_group.h"

#include <curl/curl.h>
#include <sys/epoll.h>

#include <utility>

#include "server/http/curl_attempt.h"

namespace interaction::http {
namespace {

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

CurlAttempt* AttemptOf(CURL* easy) {
  char* attempt;
  curl_easy_getinfo(easy, CURLINFO_PRIVATE, &attempt);
  return reinterpret_cast<CurlAttempt*>(attempt);
}

}  // namespace

// A socket that libcurl wants to be told about.
class CurlGroup::Socket final : public event::Poll::Handler {
 public:
  Socket(int fd, CurlGroup* group) : fd_(fd), group_(*group) {}
  ~Socket() {
    if (watched_) group_.loop_.poll().Remove(fd_, this);
  }

  bool Watch(uint32_t events) {
    if (!watched_) return watched_ = group_.loop_.poll().Add(fd_, events, this).ok();
    group_.loop_.poll().Modify(fd_, events, this);
    return true;
  }

 private:
  void OnEvents(uint32_t events) override { group_.Act(fd_, ToCurl(events)); }

  const int fd_;
  CurlGroup& group_;
  bool watched_ = false;
};

absl::StatusOr<std::unique_ptr<CurlGroup>> CurlGroup::Create(event::Loop* loop, Owner* owner) {
  std::unique_ptr<CurlGroup> group(new CurlGroup(loop, owner));
  group->multi_.reset(curl_multi_init());
  CURLM* const multi = group->multi_.get();
  if (multi == nullptr || curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, &OnSocket) != CURLM_OK ||
      curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, group.get()) != CURLM_OK) {
    return absl::ResourceExhaustedError("out of memory");
  }
  return group;
}

CurlGroup::~CurlGroup() { SetTimer(std::nullopt); }

bool CurlGroup::Add(CurlAttempt* attempt) {
  if (curl_multi_add_handle(multi_.get(), attempt->easy()) != CURLM_OK) return false;
  ++attempts_;
  attempt->group = this;
  SetTimer(loop_.clock().SteadyNow());  // not at once: nothing is reported from within Connector::Start()
  return true;
}

void CurlGroup::Remove(CurlAttempt* attempt) {
  curl_multi_remove_handle(multi_.get(), attempt->easy());
  --attempts_;
  attempt->group = nullptr;
  std::erase(refused_, attempt);
}

void CurlGroup::OnDue() {
  timer_.reset();
  Act(CURL_SOCKET_TIMEOUT, 0);
}

void CurlGroup::Act(int fd, int curl_events) {
  int running;
  curl_multi_socket_action(multi_.get(), fd, curl_events, &running);
  // When an address refuses, libcurl 7.88 waits for one of its timers before it tries the next: 200 ms, or more. To be
  // resumed after a pause makes it act at once.
  for (CurlAttempt* const attempt : std::exchange(refused_, {})) {
    curl_easy_pause(attempt->easy(), CURLPAUSE_ALL);
    curl_easy_pause(attempt->easy(), CURLPAUSE_CONT);
  }
  Reap();
  AskForTimer();
}

// Reports what libcurl has finished.
void CurlGroup::Reap() {
  int left;
  while (CURLMsg* const message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    CurlAttempt* const attempt = AttemptOf(message->easy_handle);
    absl::StatusOr<int> fd = absl::UnknownError("");
    if (code == CURLE_OK) {
      fd = attempt->TakeSocket();
    } else {
      fd = attempt->FailureWith(code);
    }
    Remove(attempt);
    owner_.OnAttemptEnd(attempt, std::move(fd));
  }
}

void CurlGroup::SetTimer(std::optional<SteadyTime> due) {
  if (timer_ == due) return;
  if (timer_) loop_.timers().Remove(*timer_, this);
  timer_ = due;
  if (timer_) loop_.timers().Add(*timer_, this);
}

// Asked for, not waited for: libcurl calls CURLMOPT_TIMERFUNCTION only when its idea of the next expiry has changed.
void CurlGroup::AskForTimer() {
  long milliseconds = -1;
  curl_multi_timeout(multi_.get(), &milliseconds);
  SetTimer(milliseconds < 0 ? std::nullopt : std::optional(loop_.clock().SteadyNow() + milliseconds * 1'000'000));
}

int CurlGroup::OnSocket(void*, int fd, int what, void* self, void* socket_data) {
  CurlGroup& group = *static_cast<CurlGroup*>(self);
  auto* socket = static_cast<Socket*>(socket_data);
  if (what == CURL_POLL_REMOVE) {
    delete socket;
    curl_multi_assign(group.multi_.get(), fd, nullptr);
    return 0;
  }
  if (socket == nullptr) {
    socket = new Socket(fd, &group);
    curl_multi_assign(group.multi_.get(), fd, socket);
  }
  return socket->Watch(ToEpoll(what)) ? 0 : -1;
}

}  // namespace interaction::http
