#pragma once

#include <set>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "server/base/mutex.h"
#include "server/limits/breaker.h"
#include "server/rpc/health_service.h"

namespace interaction::app {

// Reports breakers in the health service: "upstream.NAME" is NOT_SERVING while the breaker of any host of that upstream
// is open. The health of the gateway's own service is not affected. Thread-safe.
class UpstreamHealth {
 public:
  static std::string NameFor(absl::string_view upstream) { return absl::StrCat("upstream.", upstream); }

  // `health` outlives this, and knows the names.
  explicit UpstreamHealth(rpc::HealthService* health) : health_(health) {}

  void OnBreaker(absl::string_view upstream, absl::string_view authority, limits::Breaker::State state) {
    const MutexLock lock(&mutex_);
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
  Mutex mutex_;
  std::set<std::pair<std::string, std::string>> avoided_ ABSL_GUARDED_BY(mutex_);  // hosts, by upstream
};

}  // namespace interaction::app
