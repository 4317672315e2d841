#pragma once

#include <mutex>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "server/limits/breaker.h"
#include "server/rpc/health_service.h"

namespace interaction::app {

// Shows the breakers in the health service: "upstream.NAME" is NOT_SERVING while calls are kept away from any host of
// that upstream. The services of the gateway itself are not affected. Thread-safe.
class UpstreamHealth {
 public:
  static std::string NameFor(absl::string_view upstream) { return absl::StrCat("upstream.", upstream); }

  // `health` outlives this, and knows the names.
  explicit UpstreamHealth(rpc::HealthService* health) : health_(health) {}

  void OnBreaker(absl::string_view upstream, absl::string_view authority, limits::Breaker::State state) {
    const std::lock_guard lock(mutex_);
    const std::pair<std::string, std::string> host(upstream, authority);
    if (state == limits::Breaker::State::kClosed) {
      avoided_.erase(host);
    } else {
      avoided_.insert(host);
    }
    const auto first = avoided_.lower_bound({host.first, ""});
    health_->SetServing(NameFor(upstream), first == avoided_.end() || first->first != host.first);
  }

 private:
  rpc::HealthService* const health_;
  std::mutex mutex_;
  std::set<std::pair<std::string, std::string>> avoided_;  // hosts, by upstream; guarded by mutex_
};

}  // namespace interaction::app
