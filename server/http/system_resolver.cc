#include "server/http/system_resolver.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <system_error>
#include <thread>
#include <unordered_map>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "server/base/errors.h"
#include "server/base/mutex.h"

namespace interaction::http {
namespace {

using Answer = absl::StatusOr<std::vector<std::string>>;

constexpr auto kThreadLinger = std::chrono::seconds(10);  // an idle thread ends after this
constexpr size_t kMaxCachedHosts = 4096;                  // host names may depend on callers

struct Host {
  Addresses addresses;         // the last good answer
  SteadyTime fresh_until = 0;  // until then it serves without a thought,
  SteadyTime stale_until = 0;  // until then while a new lookup is under way or fails
  SteadyTime retry_at = 0;     // no lookup before this: the last one failed
  bool looking_up = false;
  std::vector<Resolver::Done> waiting;
};

// What the resolver and its threads share. A thread may outlive the resolver by as long as its lookup hangs, so each
// holds a reference, and touches nothing from outside once `stopped`.
class Cache : public std::enable_shared_from_this<Cache> {
 public:
  Cache(const ResolverOptions& options, const Clock* clock, Lookup lookup)
      : options_(options), clock_(clock), lookup_(std::move(lookup)) {}

  void Resolve(const std::string& name, Resolver::Done done);
  void Stop();

 private:
  static absl::Status Failed() { return Error(Reason::kUpstreamDnsFailure).In(Phase::kResolve); }

  // The answer, or nothing if a lookup is in flight: then `done` has been taken and is called later.
  std::optional<absl::StatusOr<Addresses>> AnswerNow(const std::string& name, Resolver::Done& done);
  bool StartLookup(const std::string& name, Host& host)  // false: no thread and no room to wait for one
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void MakeRoom(SteadyTime now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void RunThread();
  std::vector<Resolver::Done> Keep(Host& host, const Answer& answer) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const ResolverOptions options_;
  const Clock* const clock_;
  const Lookup lookup_;
  Mutex mutex_;
  std::condition_variable_any work_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  int threads_ ABSL_GUARDED_BY(mutex_) = 0;
  int running_ ABSL_GUARDED_BY(mutex_) = 0;  // lookups that a thread is at
  uint64_t generations_ ABSL_GUARDED_BY(mutex_) = 0;
  std::deque<std::string> queue_ ABSL_GUARDED_BY(mutex_);
  std::unordered_map<std::string, Host> hosts_ ABSL_GUARDED_BY(mutex_);
};

void Cache::Resolve(const std::string& name, Resolver::Done done) {
  if (std::optional<absl::StatusOr<Addresses>> answer = AnswerNow(name, done)) std::move(done)(*std::move(answer));
}

std::optional<absl::StatusOr<Addresses>> Cache::AnswerNow(const std::string& name, Resolver::Done& done) {
  const MutexLock lock(&mutex_);
  const SteadyTime now = clock_->SteadyNow();
  if (hosts_.size() >= kMaxCachedHosts && hosts_.count(name) == 0) MakeRoom(now);
  Host& host = hosts_[name];
  const bool wanted = now >= host.fresh_until && now >= host.retry_at && !host.looking_up;
  const bool started = wanted && StartLookup(name, host);
  if (now < host.stale_until) return host.addresses;
  if (host.looking_up) {
    host.waiting.push_back(std::move(done));
    return std::nullopt;
  }
  if (wanted && !started) hosts_.erase(name);
  return Failed();
}

bool Cache::StartLookup(const std::string& name, Host& host) {
  const int lookups = running_ + static_cast<int>(queue_.size());
  if (lookups >= options_.max_threads + options_.max_waiting) return false;
  if (lookups >= threads_ && threads_ < options_.max_threads) {
    try {
      std::thread([self = shared_from_this()] { self->RunThread(); }).detach();
      ++threads_;
    } catch (const std::system_error&) {  // no more threads to be had: those that there are must do
      if (threads_ == 0) return false;
    }
  }
  host.looking_up = true;
  queue_.push_back(name);
  work_.notify_one();
  return true;
}

void Cache::MakeRoom(SteadyTime now) {
  for (auto it = hosts_.begin(); it != hosts_.end();) {
    const bool of_use = it->second.looking_up || now < it->second.stale_until || now < it->second.retry_at;
    it = of_use ? std::next(it) : hosts_.erase(it);
  }
}

void Cache::RunThread() {
  mutex_.lock();
  while (true) {
    const bool woken = work_.wait_for(
        mutex_, kThreadLinger, [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stopped_ || !queue_.empty(); });
    if (stopped_ || !woken) break;
    const std::string name = std::move(queue_.front());
    queue_.pop_front();
    ++running_;
    mutex_.unlock();
    const Answer answer = lookup_(name);
    mutex_.lock();
    --running_;
    if (stopped_) break;
    Host& host = hosts_[name];
    std::vector<Resolver::Done> waiting = Keep(host, answer);
    absl::StatusOr<Addresses> result = Failed();
    if (clock_->SteadyNow() < host.stale_until) result = host.addresses;
    mutex_.unlock();
    for (Resolver::Done& done : waiting) std::move(done)(result);
    mutex_.lock();
  }
  --threads_;
  mutex_.unlock();
}

// Files the answer and returns who waits for it.
std::vector<Resolver::Done> Cache::Keep(Host& host, const Answer& answer) {
  const SteadyTime now = clock_->SteadyNow();
  host.looking_up = false;
  if (answer.ok() && !answer->empty()) {
    // Name servers rotate their answers; the same addresses in another order are no change.
    if (!std::is_permutation(answer->begin(), answer->end(), host.addresses.ip.begin(), host.addresses.ip.end())) {
      host.addresses = {*answer, ++generations_};
    }
    host.fresh_until = now + absl::ToInt64Nanoseconds(options_.ttl);
    host.stale_until = host.fresh_until + absl::ToInt64Nanoseconds(options_.stale);
  } else {
    host.retry_at = now + absl::ToInt64Nanoseconds(options_.negative_ttl);
  }
  return std::exchange(host.waiting, {});
}

void Cache::Stop() {
  std::vector<Resolver::Done> waiting;
  {
    const MutexLock lock(&mutex_);
    stopped_ = true;
    for (auto& [name, host] : hosts_) {
      for (Resolver::Done& done : host.waiting) waiting.push_back(std::move(done));
      host.waiting.clear();
    }
  }
  work_.notify_all();
  for (Resolver::Done& done : waiting) std::move(done)(Failed());
}

class SystemResolver final : public Resolver {
 public:
  explicit SystemResolver(std::shared_ptr<Cache> cache) : cache_(std::move(cache)) {}
  ~SystemResolver() override { cache_->Stop(); }

  void Resolve(const std::string& host, Done done) override { cache_->Resolve(host, std::move(done)); }

 private:
  const std::shared_ptr<Cache> cache_;
};

std::string ToText(const sockaddr& address) {
  char text[INET6_ADDRSTRLEN] = "";
  const void* ip = address.sa_family == AF_INET
                       ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in&>(address).sin_addr)
                       : static_cast<const void*>(&reinterpret_cast<const sockaddr_in6&>(address).sin6_addr);
  inet_ntop(address.sa_family, ip, text, sizeof text);
  return text;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> LookupWithGetaddrinfo(const std::string& host) {
  addrinfo hints = {.ai_flags = AI_ADDRCONFIG, .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
  addrinfo* list = nullptr;
  if (getaddrinfo(host.c_str(), nullptr, &hints, &list) != 0) return absl::NotFoundError("getaddrinfo failed");
  std::vector<std::string> ips;
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    if (entry->ai_family != AF_INET && entry->ai_family != AF_INET6) continue;
    std::string ip = ToText(*entry->ai_addr);
    if (std::find(ips.begin(), ips.end(), ip) == ips.end()) ips.push_back(std::move(ip));
  }
  freeaddrinfo(list);
  return ips;
}

std::unique_ptr<Resolver> MakeResolver(const ResolverOptions& options, const Clock* clock, Lookup lookup) {
  return std::make_unique<SystemResolver>(std::make_shared<Cache>(options, clock, std::move(lookup)));
}

std::unique_ptr<Resolver> MakeSystemResolver(const ResolverOptions& options, const Clock* clock) {
  return MakeResolver(options, clock, LookupWithGetaddrinfo);
}

}  // namespace interaction::http
