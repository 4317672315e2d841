#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/http/resolver.h"

namespace interaction::testing {

// A resolver that answers what the test told it. A host the test has said nothing about is pending until Answer() or
// Fail() is called for it: so a slow name server is scripted without a clock. Thread-safe.
class FakeResolver final : public http::Resolver {
 public:
  // From now on `host` has these addresses; lookups that wait for it end here, on this thread.
  void Answer(const std::string& host, std::vector<std::string> ip) {
    Settle(host, http::Addresses{std::move(ip), NextGeneration()});
  }

  // From now on looking up `host` fails with `error`.
  void Fail(const std::string& host, absl::Status error) { Settle(host, std::move(error)); }

  // From now on lookups of `host` wait again.
  void Hold(const std::string& host) {
    std::lock_guard lock(mutex_);
    hosts_[host].answer.reset();
  }

  void Resolve(const std::string& host, Done done) override {
    std::unique_lock lock(mutex_);
    Host& entry = hosts_[host];
    ++entry.lookups;
    if (!entry.answer) {
      entry.waiting.push_back(std::move(done));
      return;
    }
    const absl::StatusOr<http::Addresses> answer = *entry.answer;
    lock.unlock();
    std::move(done)(answer);
  }

  // How often `host` was looked up, and how many lookups of it wait.
  size_t lookups(const std::string& host) const { return Read(host).lookups; }
  size_t waiting(const std::string& host) const { return Read(host).waiting; }

 private:
  struct Host {
    std::optional<absl::StatusOr<http::Addresses>> answer;
    std::vector<Done> waiting;
    size_t lookups = 0;
  };
  struct Counts {
    size_t lookups = 0;
    size_t waiting = 0;
  };

  void Settle(const std::string& host, absl::StatusOr<http::Addresses> answer) {
    std::vector<Done> waiting;
    {
      std::lock_guard lock(mutex_);
      hosts_[host].answer = answer;
      waiting.swap(hosts_[host].waiting);
    }
    for (Done& done : waiting) std::move(done)(answer);
  }

  uint64_t NextGeneration() {
    std::lock_guard lock(mutex_);
    return ++generation_;
  }

  Counts Read(const std::string& host) const {
    std::lock_guard lock(mutex_);
    const auto it = hosts_.find(host);
    return it == hosts_.end() ? Counts{} : Counts{it->second.lookups, it->second.waiting.size()};
  }

  mutable std::mutex mutex_;
  std::map<std::string, Host> hosts_;
  uint64_t generation_ = 0;
};

}  // namespace interaction::testing
