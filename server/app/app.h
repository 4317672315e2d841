#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/app/resources.h"
#include "server/app/upstream_health.h"
#include "server/base/clock.h"
#include "server/call/call_log.h"
#include "server/config/config.h"
#include "server/http/resolver.h"
#include "server/lane/lane.h"
#include "server/listen/listener.h"
#include "server/rpc/health_service.h"
#include "server/rpc/methods.h"
#include "server/rpc/service.h"
#include "server/rpc/transport.h"
#include "server/telemetry/log.h"
#include "server/upstream/upstream.h"

namespace interaction::app {

// The whole server: builds and owns everything, in the order of its members. The only place that names concrete
// classes.
class App {
 public:
  // What the server needs from outside. All of it outlives the App.
  struct Environment {
    const Clock* clock;
    telemetry::Logger* log;
    http::Resolver* resolver = nullptr;  // null: the system's
  };

  // Builds the server and starts to serve. Call http::GlobalInit() first. INVALID_ARGUMENT if the configuration cannot
  // be used, UNAVAILABLE if it cannot listen on the address.
  static absl::StatusOr<std::unique_ptr<App>> Start(const config::Config& config, const Environment& environment);
  ~App();  // calls Shutdown(0) if Shutdown() was not called

  // Where the server listens, with the real port: "127.0.0.1:50051".
  const std::string& address() const { return address_; }

  // Calls in flight, including those whose callers have left while the upstream's answer is still awaited.
  int calls_in_flight() const { return resources_->admission().in_flight(); }

  // First step of the shutdown: health says NOT_SERVING, calls are still accepted.
  void AnnounceShutdown();

  // Second step: accepts no new calls, waits up to `timeout` for those in flight, gives up the rest, and ends all
  // threads.
  void Shutdown(absl::Duration timeout);

 private:
  explicit App(const Environment& environment) : environment_(environment) {}

  absl::Status BuildUpstreams(const config::Config& config);
  absl::Status BuildLanes(const config::Config& config);
  void ReportStrayBytes(absl::string_view authority) const;
  void BuildServices(const config::Config& config);
  absl::StatusOr<std::unique_ptr<rpc::Transport>> MakeTransport(const config::Config& config,
                                                                std::unique_ptr<listen::Listener> listener);
  absl::Status StartServing(const config::Config& config);
  // Waits up to `timeout` until no calls are in flight and clients have had time to learn of the shutdown; returns
  // whether that came about.
  bool WaitForCalls(absl::Duration timeout) const;
  void GiveUpCallsInFlight();

  const Environment environment_;
  std::unique_ptr<http::Resolver> system_resolver_;
  std::unique_ptr<upstream::Upstream> seethepro_;  // until they are published
  std::unique_ptr<upstream::Upstream> wolkvox_;
  std::unique_ptr<Resources> resources_;
  std::vector<std::unique_ptr<rpc::LaneCalls>> lane_calls_;
  std::unique_ptr<call::CallLog> call_log_;
  std::vector<std::unique_ptr<rpc::Service>> services_;
  rpc::Methods methods_;                  // of services_
  rpc::HealthService* health_ = nullptr;  // one of services_
  std::unique_ptr<UpstreamHealth> upstream_health_;
  std::vector<std::unique_ptr<lane::Lane>> lanes_;
  std::string address_;
  std::unique_ptr<rpc::Transport> transport_;
};

}  // namespace interaction::app
