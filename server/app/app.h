#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/app/admin_port.h"
#include "server/app/key_source.h"
#include "server/app/lane_watch.h"
#include "server/app/parts.h"
#include "server/app/resources.h"
#include "server/app/snapshot.h"
#include "server/app/trace_options.h"
#include "server/app/try_it.h"
#include "server/app/upstream_health.h"
#include "server/auth/gate.h"
#include "server/base/clock.h"
#include "server/base/mutex.h"
#include "server/call/access_log.h"
#include "server/call/call_log.h"
#include "server/call/call_metrics.h"
#include "server/call/call_traces.h"
#include "server/call/observers.h"
#include "server/call/recent_calls.h"
#include "server/config/config.h"
#include "server/front/front.h"
#include "server/http/client.h"
#include "server/http/resolver.h"
#include "server/lane/lane.h"
#include "server/listen/listener.h"
#include "server/rpc/health_service.h"
#include "server/rpc/interaction_service.h"
#include "server/rpc/methods.h"
#include "server/rpc/service.h"
#include "server/rpc/transport.h"
#include "server/telemetry/buffered_log_sink.h"
#include "server/telemetry/log.h"
#include "server/telemetry/span_exporter.h"
#include "server/telemetry/tracer.h"
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
    http::Resolver* resolver = nullptr;                 // null: the system's
    std::optional<TraceOptions> traces = std::nullopt;  // nothing: no spans are made
    std::function<void()> drain;  // asks for the graceful end, for the admin port; null: it cannot be asked for
    const telemetry::BufferedLogSink* log_sink = nullptr;  // of `log`, for the number of lines it has lost; may be null
  };

  // Builds the server and starts to serve. Call http::GlobalInit() first. INVALID_ARGUMENT if the configuration cannot
  // be used, UNAVAILABLE if it cannot listen on the address.
  static absl::StatusOr<std::unique_ptr<App>> Start(const config::Config& config, const Environment& environment);
  ~App();  // calls Shutdown(0) if Shutdown() was not called

  // Serves by another configuration from now on; calls under way keep what they began with. All of it or nothing: on
  // INVALID_ARGUMENT, everything is as it was. `next` has been through config::Apply(). Any thread, one call at a time.
  absl::Status Reload(const config::Config& next);

  telemetry::Counters& counters() { return resources_->counters(); }

  // Where the server listens, with the real port: "127.0.0.1:50051".
  const std::string& address() const { return address_; }

  // Where the admin port listens, with the real port; "": it does not.
  std::string admin_address() const { return admin_port_.address(); }

  // Calls in flight, including those whose callers have left while the upstream's answer is still awaited.
  int calls_in_flight() const { return resources_->admission().in_flight(); }

  // Looks whether all lanes turn; call it about once a second. False: one is stuck (/livez says which).
  bool IsAlive();

  // First step of the shutdown: health says NOT_SERVING, calls are still accepted.
  void AnnounceShutdown();

  // Second step: accepts no new calls, waits up to `timeout` for those in flight, gives up the rest, and ends all
  // threads.
  void Shutdown(absl::Duration timeout);

 private:
  explicit App(const Environment& environment);

  absl::Status BuildLanes(const config::Config& config);
  void ReportStrayBytes(absl::string_view authority) const;
  void BuildServices(const config::Config& config);
  std::vector<lane::Lane*> Lanes() const;
  std::vector<rpc::LaneCalls*> CallsOfLanes() const;
  std::unique_ptr<rpc::Transport> MakeTransport(const config::Config& config,
                                                std::unique_ptr<listen::Listener> listener);
  absl::Status StartServing(const config::Config& config);
  rpc::Upstreams Connected(const rpc::Upstreams& upstreams) const;
  void Publish(const Parts& next) ABSL_EXCLUSIVE_LOCKS_REQUIRED(parts_mutex_);
  void UseAccess(size_t lane, std::shared_ptr<const auth::Access> access) const;
  absl::Status TakeKeySet(std::string key_set);
  // Waits up to `timeout` until no calls are in flight and clients have had time to learn of the shutdown; returns
  // whether that came about.
  bool WaitForCalls(absl::Duration timeout) const;
  void GiveUpCallsInFlight();
  void StartTraces(const std::vector<call::CallMetrics::Rpc>& rpcs);
  Health LookAtHealth() const;
  Snapshot TakeSnapshot() const;
  std::optional<std::vector<call::RecentCall>> LookAtCalls() const;  // nothing: they are not kept
  void KeepConfiguration(const config::Config& config) ABSL_EXCLUSIVE_LOCKS_REQUIRED(parts_mutex_);
  void MakeObservers(const config::Config& config, const std::vector<std::string>& upstreams)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(parts_mutex_);

  const Environment environment_;
  std::unique_ptr<http::Resolver> system_resolver_;
  const absl::Time started_;
  mutable Mutex parts_mutex_;
  Parts parts_ ABSL_GUARDED_BY(parts_mutex_);
  std::vector<std::pair<std::string, std::string>> configuration_ ABSL_GUARDED_BY(parts_mutex_);  // config::Values()
  std::vector<std::pair<std::string, std::string>> files_ ABSL_GUARDED_BY(parts_mutex_);          // config::Files()
  std::unique_ptr<Resources> resources_;
  std::vector<std::unique_ptr<auth::Gate>> gates_;
  std::vector<std::unique_ptr<rpc::LaneCalls>> lane_calls_;
  std::unique_ptr<call::CallLog> call_log_;
  std::unique_ptr<call::AccessLog> access_log_;  // null: off
  std::unique_ptr<call::CallMetrics> call_metrics_;
  std::unique_ptr<call::RecentCalls> recent_calls_;         // null: off
  std::unique_ptr<telemetry::SpanExporter> span_exporter_;  // null: no spans are made, like the two below
  std::unique_ptr<telemetry::Tracer> tracer_;
  std::unique_ptr<call::CallTraces> call_traces_;
  std::unique_ptr<call::Observers> observers_;  // all of these
  std::vector<std::unique_ptr<rpc::Service>> services_;
  rpc::Methods methods_;                             // of services_
  rpc::InteractionService* interactions_ = nullptr;  // one of services_
  rpc::HealthService* health_ = nullptr;             // likewise
  std::unique_ptr<UpstreamHealth> upstream_health_;
  // What the lanes' clients send to, one for each lane.
  struct LaneEndpoints {
    std::vector<http::Endpoint*> seethepro;
    std::vector<http::Endpoint*> wolkvox;
  };
  LaneEndpoints endpoints_;
  std::vector<std::unique_ptr<lane::Lane>> lanes_;
  std::string address_;
  std::unique_ptr<rpc::Transport> transport_;
  front::Front* front_ = nullptr;  // the same, if it is the gateway's own
  KeySource key_source_;
  std::unique_ptr<LaneWatch> lane_watch_;
  std::atomic<bool> is_serving_{false};
  std::atomic<bool> is_draining_{false};
  std::unique_ptr<TryIt> try_it_;  // null: switched off
  AdminPort admin_port_;           // shows the others
};

}  // namespace interaction::app
