#include "tests/support/raw_upstream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>

#include "absl/strings/str_cat.h"
#include "tests/support/require.h"

namespace interaction::testing {
namespace {

// What epoll says besides the number of a connection.
constexpr uint64_t kListener = ~uint64_t{0};
constexpr uint64_t kWakeup = kListener - 1;

Fd Listen(Loopback loopback) {
  Fd fd = BindLoopback(loopback);
  Require(listen(fd.get(), SOMAXCONN) == 0, "listen");
  return fd;
}

std::optional<TlsServer> MakeTls(const RawUpstreamOptions& options) {
  if (!options.tls) return std::nullopt;
  return std::optional<TlsServer>(std::in_place, *options.tls);
}

void Watch(const Fd& epoll, int operation, int fd, uint32_t events, uint64_t id) {
  epoll_event event{.events = events, .data = {.u64 = id}};
  Require(epoll_ctl(epoll.get(), operation, fd, &event) == 0, "epoll_ctl");
}

}  // namespace

RawUpstream::RawUpstream(Handler on_request, RawUpstreamOptions options)
    : options_(std::move(options)),
      tls_(MakeTls(options_)),
      listener_(Listen(options_.loopback)),
      port_(LocalPort(listener_)),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      wakeup_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      on_request_(std::move(on_request)) {
  hooks_.on_headers = options_.on_headers;
  hooks_.on_request = [this](const RecordedRequest& request) { return Record(request); };
  hooks_.on_answered = [this] {
    std::lock_guard lock(mutex_);
    --counts_.being_answered;
  };
  Watch(epoll_, EPOLL_CTL_ADD, listener_.get(), EPOLLIN, kListener);
  Watch(epoll_, EPOLL_CTL_ADD, wakeup_.get(), EPOLLIN, kWakeup);
  thread_ = std::thread([this] { Run(); });
}

RawUpstream::~RawUpstream() {
  stopping_ = true;
  eventfd_write(wakeup_.get(), 1);
  thread_.join();
}

std::string RawUpstream::url() const { return UrlFor(options_.loopback == Loopback::kV4 ? "127.0.0.1" : "[::1]"); }

std::string RawUpstream::UrlFor(absl::string_view host) const {
  return absl::StrCat(tls_ ? "https://" : "http://", host, ":", port_, "/");
}

void RawUpstream::OnRequest(Handler on_request) {
  std::lock_guard lock(mutex_);
  on_request_ = std::move(on_request);
}

std::vector<RecordedRequest> RawUpstream::requests() const {
  std::lock_guard lock(mutex_);
  return requests_;
}

UpstreamCounts RawUpstream::counts() const {
  std::lock_guard lock(mutex_);
  return counts_;
}

bool RawUpstream::WaitForRequests(size_t count, absl::Duration timeout) const {
  return WaitUntil([&] { return counts_.requests >= count; }, timeout);
}

bool RawUpstream::WaitForConnections(size_t count, absl::Duration timeout) const {
  return WaitUntil([&] { return counts_.connections >= count; }, timeout);
}

bool RawUpstream::WaitForOpenAtMost(size_t count, absl::Duration timeout) const {
  return WaitUntil([&] { return counts_.open <= count; }, timeout);
}

bool RawUpstream::WaitUntil(const std::function<bool()>& condition, absl::Duration timeout) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, absl::ToChronoNanoseconds(timeout), condition);
}

void RawUpstream::Run() {
  // OpenSSL writes without MSG_NOSIGNAL; a blocked SIGPIPE leaves EPIPE.
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  while (!stopping_) {
    epoll_event events[256];
    const int ready = epoll_wait(epoll_.get(), events, 256, NextTimeout());
    for (int i = 0; i < ready; ++i) {
      const uint64_t id = events[i].data.u64;
      if (id == kListener) {
        AcceptAll();
      } else if (const auto it = connections_.find(id); it != connections_.end()) {
        Turn(it->second.connection.get(), id);
      }
    }
    RunDueTimers();
  }
  for (auto& [id, entry] : connections_) entry.connection->Reset();
  connections_.clear();
}

void RawUpstream::AcceptAll() {
  while (true) {
    Fd socket(accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket.valid()) return;
    const int on = 1;
    setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    const uint64_t id = next_id_++;
    {
      std::lock_guard lock(mutex_);
      ++counts_.connections;
      ++counts_.open;
      changed_.notify_all();
    }
    Script first;
    if (options_.on_connect) first = options_.on_connect(static_cast<int>(id));
    std::unique_ptr<Channel> channel = tls_ ? tls_->Accept(std::move(socket)) : PlainChannel(std::move(socket));
    Watch(epoll_, EPOLL_CTL_ADD, channel->fd(), EPOLLIN, id);
    auto connection =
        std::make_unique<UpstreamConnection>(static_cast<int>(id), std::move(channel), std::move(first), &hooks_);
    UpstreamConnection* started = connection.get();
    connections_[id] = {std::move(connection), EPOLLIN};
    Turn(started, id);
  }
}

void RawUpstream::Turn(UpstreamConnection* connection, uint64_t id) {
  connection->Turn(clock_.SteadyNow());
  if (connection->ended()) {
    connections_.erase(id);  // closing the socket takes it out of the epoll set
    std::lock_guard lock(mutex_);
    --counts_.open;
    changed_.notify_all();
    return;
  }
  if (connection->due()) timers_.emplace(*connection->due(), id);
  Entry& entry = connections_[id];
  const uint32_t interest = connection->wants_write() ? EPOLLIN | EPOLLOUT : EPOLLIN;
  if (interest == entry.interest) return;
  entry.interest = interest;
  Watch(epoll_, EPOLL_CTL_MOD, connection->fd(), interest, id);
}

// A timer may have outlived its reason, even its connection; then it does nothing.
void RawUpstream::RunDueTimers() {
  const SteadyTime now = clock_.SteadyNow();
  while (!timers_.empty() && timers_.top().first <= now) {
    const uint64_t id = timers_.top().second;
    timers_.pop();
    const auto it = connections_.find(id);
    if (it == connections_.end() || !it->second.connection->due()) continue;
    if (*it->second.connection->due() <= now) Turn(it->second.connection.get(), id);
  }
}

int RawUpstream::NextTimeout() const {
  if (timers_.empty()) return -1;
  const SteadyTime left = timers_.top().first - clock_.SteadyNow();
  return left <= 0 ? 0 : static_cast<int>(std::min<SteadyTime>(left / 1'000'000 + 1, 60'000));
}

Script RawUpstream::Record(const RecordedRequest& request) {
  Handler handler;
  {
    std::lock_guard lock(mutex_);
    requests_.push_back(request);
    ++counts_.requests;
    counts_.most_at_once = std::max(counts_.most_at_once, ++counts_.being_answered);
    handler = on_request_;
    changed_.notify_all();
  }
  return handler(request);
}

}  // namespace interaction::testing
