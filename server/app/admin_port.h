#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "server/admin/http_server.h"
#include "server/admin/pages.h"
#include "server/app/snapshot.h"
#include "server/base/clock.h"
#include "server/base/mutex.h"
#include "server/call/recent_calls.h"
#include "server/config/config.h"
#include "server/telemetry/log.h"

namespace interaction::app {

// The admin port, in step with the configuration. Start() and Reload() on one thread at a time.
class AdminPort {
 public:
  // Called on the port's thread.
  struct Sources {
    std::function<Health()> health;
    std::function<Snapshot()> snapshot;
    std::function<std::optional<std::vector<call::RecentCall>>()> calls;   // the last ones; nothing: they are not kept
    std::function<admin::HttpResponse(const admin::HttpRequest&)> try_it;  // null: switched off
    std::function<void()> drain;                                           // null: cannot be asked for
  };

  // `clock` and `log` (may be null), and what `sources` refers to, outlive this.
  AdminPort(Sources sources, const Clock* clock, telemetry::Logger* log)
      : sources_(std::move(sources)), clock_(clock), log_(log) {}

  // Listens, unless admin.listen is off. INVALID_ARGUMENT or UNAVAILABLE say what is wrong.
  absl::Status Start(const config::Admin& config);

  // Serves with another token and certificate from now on. What can be checked of them has been (CheckConfig).
  absl::Status Reload(const config::Admin& config);

  // Ends; waits for the page that is being made.
  void Stop() { server_.reset(); }

  // Where it listens, with the real port; "": it does not.
  std::string address() const { return server_ ? server_->address() : ""; }

 private:
  struct Material;

  void UsePages(const config::Admin& config);
  std::optional<std::string> CallsPage(const std::map<std::string, std::string>& query) const;
  absl::Status Serve(std::string address, const Material& material);  // a copy: it may be the server's own
  admin::HttpResponse Answer(const admin::HttpRequest& request) const;

  const Sources sources_;
  const Clock* const clock_;
  telemetry::Logger* const log_;
  mutable Mutex mutex_;
  std::shared_ptr<const admin::Pages> pages_ ABSL_GUARDED_BY(mutex_);
  std::string certificate_;  // that the server uses, PEM
  std::unique_ptr<admin::HttpServer> server_;
};

}  // namespace interaction::app
