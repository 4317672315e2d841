#include "server/app/app.h"

#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "server/app/cores.h"
#include "server/app/options.h"
#include "server/base/status_macros.h"
#include "server/config/describe.h"
#include "server/event/loop.h"
#include "server/front/front.h"
#include "server/grpc_transport/grpc_transport.h"
#include "server/listen/listener.h"
#include "server/rpc/interaction_service.h"
#include "server/rpc/reflection_service.h"
#include "server/rpc/unknown_methods.h"

namespace interaction::app {
namespace {

constexpr char kServiceName[] = "interaction.v1.InteractionService";
constexpr char kHealthName[] = "grpc.health.v1.Health";

// How long calls that were given up may take to answer, which they do at once.
constexpr absl::Duration kGiveUpTime = absl::Seconds(2);

// How long clients have to learn of the shutdown and to stop calling on their connections. Most confirm it at once; one
// that does not, because it stands still or reads only while it calls, loses the calls that it makes afterwards on its
// connection.
constexpr absl::Duration kGoawayTime = absl::Seconds(1);

// How long the record store may take to save the last results; those it does not save read as unknown later.
constexpr absl::Duration kSettleTime = absl::Seconds(1);

// How often a shutdown checks whether the last call has ended.
constexpr absl::Duration kLookAgain = absl::Milliseconds(10);

}  // namespace

absl::StatusOr<std::unique_ptr<App>> App::Start(const config::Config& config, const Environment& environment) {
  auto app = std::unique_ptr<App>(new App(environment));
  ASSIGN_OR_RETURN(Parts parts, MakeParts(config, /*previous=*/nullptr, environment.clock->WallNow()));
  ASSIGN_OR_RETURN(app->resources_, Resources::Create(config, environment.clock, environment.log, parts.redis_tls,
                                                      [app = app.get()](auto upstream, auto host, auto state) {
                                                        app->upstream_health_->OnBreaker(upstream, host, state);
                                                      }));
  {
    const MutexLock lock(&app->parts_mutex_);
    app->parts_ = std::move(parts);
    app->KeepConfiguration(config);
  }
  RETURN_IF_ERROR(app->BuildLanes(config));
  app->BuildServices(config);
  app->key_source_.Use(KeyOptions(config));
  if (config.admin.try_it) {
    app->try_it_ = std::make_unique<TryIt>(app->Lanes(), app->CallsOfLanes(), &app->methods_, environment.clock);
  }
  // First, so that a gateway that cannot open it does not begin to serve.
  if (const absl::Status status = app->admin_port_.Start(config.admin); !status.ok()) {
    return absl::Status(status.code(), absl::StrCat("admin.listen: ", status.message()));
  }
  RETURN_IF_ERROR(app->StartServing(config));
  app->is_serving_ = true;
  if (app->try_it_) app->try_it_->Open();
  return app;
}

App::App(const Environment& environment)
    : environment_(environment),
      started_(environment.clock->WallNow()),
      key_source_(environment.clock, environment.log,
                  [this](std::string key_set) { return TakeKeySet(std::move(key_set)); }),
      admin_port_({.health = [this] { return LookAtHealth(); },
                   .snapshot = [this] { return TakeSnapshot(); },
                   .calls = [this] { return LookAtCalls(); },
                   .try_it = [this](const auto& request) { return try_it_->Answer(request); },
                   .drain = environment.drain},
                  environment.clock, environment.log) {}

App::~App() {
  if (transport_) Shutdown(absl::ZeroDuration());
}

absl::Status App::BuildLanes(const config::Config& config) {
  http::Resolver* resolver = environment_.resolver;
  if (resolver == nullptr) {
    system_resolver_ = http::MakeSystemResolver({}, environment_.clock);
    resolver = system_resolver_.get();
  }
  const MutexLock lock(&parts_mutex_);
  const int lanes = config.server.lanes > 0 ? config.server.lanes : AvailableCores();
  for (int i = 0; i < lanes; ++i) {
    http::ClientOptions client_options = HttpClientOptions(config);
    client_options.on_stray_bytes = [this](absl::string_view authority) { ReportStrayBytes(authority); };
    ASSIGN_OR_RETURN(auto loop, event::Loop::Create(environment_.clock));
    ASSIGN_OR_RETURN(auto client, http::Client::Create(client_options, resolver, loop.get()));
    ASSIGN_OR_RETURN(http::Endpoint* const seethepro, client->AddEndpoint(parts_.seethepro));
    ASSIGN_OR_RETURN(http::Endpoint* const wolkvox, client->AddEndpoint(parts_.wolkvox));
    endpoints_.seethepro.push_back(seethepro);
    endpoints_.wolkvox.push_back(wolkvox);
    lanes_.push_back(
        std::make_unique<lane::Lane>(static_cast<size_t>(i), std::move(loop), std::move(client), config.server.spin));
    gates_.push_back(std::make_unique<auth::Gate>(environment_.clock, [this] { return key_source_.AskAgain(); }));
    RETURN_IF_ERROR(gates_.back()->Use(parts_.access));
    lane_calls_.push_back(std::make_unique<rpc::LaneCalls>());
    lane_calls_.back()->gate = gates_.back().get();
  }
  return absl::OkStatus();
}

void App::ReportStrayBytes(absl::string_view authority) const {
  resources_->counters().Add(telemetry::Counter::kStrayResponses);
  if (environment_.log == nullptr) return;
  environment_.log->Log(telemetry::LogLevel::kWarning,
                        "upstream sent bytes without a request; the connection was closed", {{"authority", authority}});
}

void App::BuildServices(const config::Config& config) {
  const MutexLock lock(&parts_mutex_);
  const rpc::Upstreams connected = Connected(parts_.upstreams);
  const std::vector<std::string> upstreams = {connected.create_vsp->name, connected.add_wolkvox->name};
  MakeObservers(config, upstreams);
  std::vector<std::string> services = {kServiceName};
  for (const std::string& upstream : upstreams) services.push_back(UpstreamHealth::NameFor(upstream));
  auto health = std::make_unique<rpc::HealthService>(std::move(services));
  health_ = health.get();
  upstream_health_ = std::make_unique<UpstreamHealth>(health_);
  for (const auto& lane : lanes_) health_->Add(lane.get());
  auto interactions = std::make_unique<rpc::InteractionService>(
      rpc::InteractionService::Options{.create_vsp = {connected.create_vsp, resources_->seethepro()},
                                       .add_wolkvox = {connected.add_wolkvox, resources_->wolkvox()},
                                       .handling = resources_->handling(),
                                       .lanes = lanes_.size(),
                                       .tracer = tracer_.get(),
                                       .observer = observers_.get(),
                                       .counters = &resources_->counters(),
                                       .log = environment_.log});
  interactions_ = interactions.get();
  services_.push_back(std::move(interactions));
  services_.push_back(std::move(health));
  if (config.server.reflection) {
    services_.push_back(std::make_unique<rpc::ReflectionService>(std::vector<std::string>{
        kServiceName, kHealthName, "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"}));
  }
  services_.push_back(std::make_unique<rpc::UnknownMethods>(environment_.log));
}

void App::MakeObservers(const config::Config& config, const std::vector<std::string>& upstreams) {
  std::vector<call::Observer*> observers;
  std::vector<call::CallMetrics::Rpc> rpcs;
  std::vector<std::pair<std::string, std::string>> methods;  // by upstream
  for (const auto* const upstream : {parts_.upstreams.create_vsp.get(), parts_.upstreams.add_wolkvox.get()}) {
    rpcs.push_back({upstream->name, kServiceName, upstream->rpc});
    methods.emplace_back(upstream->name, upstream->rpc);
  }
  call_metrics_ = std::make_unique<call::CallMetrics>(lanes_.size(), rpcs, KnownHosts(config));
  observers.push_back(call_metrics_.get());
  if (config.admin.listen != "off" && config.admin.recent_calls > 0) {
    recent_calls_ = std::make_unique<call::RecentCalls>(lanes_.size(), config.admin.recent_calls, std::move(methods));
    observers.push_back(recent_calls_.get());
  }
  const bool has_access_log = config.log.calls && environment_.log != nullptr;
  call_log_ = std::make_unique<call::CallLog>(has_access_log ? std::vector<std::string>() : upstreams,
                                              &resources_->counters(), environment_.log);
  observers.push_back(call_log_.get());
  if (has_access_log) {
    access_log_ =
        std::make_unique<call::AccessLog>(config.log.successes_percent / 100.0, &Resources::Random, environment_.log);
    observers.push_back(access_log_.get());
  }
  if (environment_.traces) {
    StartTraces(rpcs);
    observers.push_back(call_traces_.get());
  }
  observers_ = std::make_unique<call::Observers>(std::move(observers));
}

void App::StartTraces(const std::vector<call::CallMetrics::Rpc>& rpcs) {
  const TraceOptions& options = *environment_.traces;
  const http::DownloadOptions transfer = {.ca_file = options.ca_file, .timeout = options.timeout};
  span_exporter_ = std::make_unique<telemetry::SpanExporter>(
      options.exporter, options.resource,
      [poster = std::make_shared<http::Poster>(options.url, options.headers, transfer)](absl::string_view body) {
        return poster->Post(body);
      },
      [this, limit = std::make_shared<telemetry::LineLimit>(1)](const absl::Status& status) {
        if (environment_.log == nullptr) return;
        if (limit->Judge(environment_.clock->SteadyNow()) != telemetry::LineLimit::Verdict::kWrite) return;
        environment_.log->Log(telemetry::LogLevel::kWarning, "spans could not be sent", {{"text", status.message()}});
      });
  tracer_ = std::make_unique<telemetry::Tracer>(options.sampler, &Resources::RandomBits);
  call_traces_ = std::make_unique<call::CallTraces>(rpcs, span_exporter_.get());
}

std::vector<lane::Lane*> App::Lanes() const {
  std::vector<lane::Lane*> lanes;
  for (const auto& lane : lanes_) lanes.push_back(lane.get());
  return lanes;
}

std::vector<rpc::LaneCalls*> App::CallsOfLanes() const {
  std::vector<rpc::LaneCalls*> calls;
  for (const auto& of_lane : lane_calls_) calls.push_back(of_lane.get());
  return calls;
}

std::unique_ptr<rpc::Transport> App::MakeTransport(const config::Config& config,
                                                   std::unique_ptr<listen::Listener> listener) {
  if (config.server.transport == config::Transport::kH2) {
    front::Options options = FrontOptions(config);
    {
      const MutexLock lock(&parts_mutex_);
      options.tls = parts_.server_tls;
    }
    auto front = std::make_unique<front::Front>(options, std::move(listener), Lanes(), CallsOfLanes(), &methods_,
                                                &Resources::Random, &resources_->counters(), environment_.log);
    front_ = front.get();
    return front;
  }
  return std::make_unique<grpc_transport::GrpcTransport>(GrpcTransportOptions(config), std::move(listener), Lanes(),
                                                         CallsOfLanes(), &methods_);
}

absl::Status App::StartServing(const config::Config& config) {
  for (const auto& service : services_) service->Register(&methods_);
  ASSIGN_OR_RETURN(auto listener, listen::Listener::Open(config.server.listen, environment_.clock, environment_.log));
  address_ = listener->address();
  transport_ = MakeTransport(config, std::move(listener));
  for (const auto& lane : lanes_) lane->Start();
  lane_watch_ = std::make_unique<LaneWatch>(Lanes(), environment_.clock);
  return transport_->Start();
}

bool App::IsAlive() {
  lane_watch_->Look();
  return lane_watch_->Stuck().empty();
}

// The upstreams, with the connections of the lanes to them.
rpc::Upstreams App::Connected(const rpc::Upstreams& upstreams) const {
  return {.create_vsp = upstream::WithEndpoints(upstreams.create_vsp, endpoints_.seethepro),
          .add_wolkvox = upstream::WithEndpoints(upstreams.add_wolkvox, endpoints_.wolkvox)};
}

absl::Status App::Reload(const config::Config& next) {
  {
    const MutexLock lock(&parts_mutex_);
    ASSIGN_OR_RETURN(Parts parts, MakeParts(next, &parts_, environment_.clock->WallNow()));
    Publish(parts);
    resources_->UseRedisCredentials(next, parts.redis_tls);
    parts_ = std::move(parts);
    KeepConfiguration(next);
  }
  key_source_.Use(KeyOptions(next));
  return admin_port_.Reload(next.admin);
}

void App::KeepConfiguration(const config::Config& config) {
  configuration_ = config::Values(config);
  files_ = config::Files(config);
}

Health App::LookAtHealth() const {
  Health health{.is_serving = is_serving_, .is_draining = is_draining_};
  if (health.is_serving) health.stuck_lanes = lane_watch_->Stuck();
  health.redis_connected = resources_->redis_connected();
  return health;
}

Snapshot App::TakeSnapshot() const {
  Snapshot snapshot{
      .now = environment_.clock->WallNow(), .steady_now = environment_.clock->SteadyNow(), .started = started_};
  snapshot.health = LookAtHealth();
  resources_->Describe(&snapshot);
  if (call_metrics_) {
    snapshot.calls = call_metrics_->Collect();
    snapshot.totals = call_metrics_->Sum();
  }
  for (const auto& lane : lanes_) snapshot.lanes.push_back(lane->turns());
  if (environment_.log) snapshot.log_lines_lost = environment_.log->dropped();
  if (span_exporter_) snapshot.spans = {span_exporter_->sent(), span_exporter_->dropped()};
  if (environment_.log_sink) snapshot.log_lines_lost += environment_.log_sink->lost();
  if (is_serving_) {
    snapshot.address = address_;
    if (front_) snapshot.connections = front_->connections();
  }
  const MutexLock lock(&parts_mutex_);
  snapshot.configuration = configuration_;
  for (const auto& [key, path] : files_) {
    struct stat status {};
    if (stat(path.c_str(), &status) == 0) {
      snapshot.files.push_back({.key = key, .path = path, .modified = absl::TimeFromTimespec(status.st_mtim)});
    }
  }
  const auto add = [&](absl::string_view use, absl::Time end) {
    if (end < absl::InfiniteFuture()) snapshot.certificates.emplace_back(use, end);
  };
  if (parts_.server_tls) add("server", parts_.server_tls->certificate_end());
  if (parts_.seethepro.tls) add("upstreams", parts_.seethepro.tls->certificate_end());
  if (parts_.redis_tls) add("redis", parts_.redis_tls->certificate_end());
  return snapshot;
}

std::optional<std::vector<call::RecentCall>> App::LookAtCalls() const {
  if (recent_calls_ == nullptr) return std::nullopt;
  return recent_calls_->Read(*environment_.clock);
}

void App::Publish(const Parts& next) {
  const rpc::Upstreams upstreams = Connected(next.upstreams);
  const bool seethepro_changes = next.seethepro != parts_.seethepro, wolkvox_changes = next.wolkvox != parts_.wolkvox;
  for (size_t i = 0; i < lanes_.size(); ++i) {
    lanes_[i]->Execute([=, this, seethepro = next.seethepro, wolkvox = next.wolkvox, access = next.access] {
      if (seethepro_changes) lanes_[i]->http().Reconfigure(endpoints_.seethepro[i], seethepro);
      if (wolkvox_changes) lanes_[i]->http().Reconfigure(endpoints_.wolkvox[i], wolkvox);
      interactions_->Use(i, upstreams);
      UseAccess(i, access);
    });
  }
  if (front_ == nullptr || next.server_tls == parts_.server_tls) return;
  front_->UseTls(next.server_tls, /*reconnect=*/next.client_ca_digest != parts_.client_ca_digest);
}

// On the lane. MakeParts() has tried the key set already.
void App::UseAccess(size_t lane, std::shared_ptr<const auth::Access> access) const {
  const absl::Status used = gates_[lane]->Use(std::move(access));
  if (used.ok() || environment_.log == nullptr) return;
  environment_.log->Log(telemetry::LogLevel::kError, "callers' keys cannot be used", {{"text", used.message()}});
}

// Fetched keys may come late, after the configuration has changed to others.
absl::Status App::TakeKeySet(std::string key_set) {
  const MutexLock lock(&parts_mutex_);
  if (!parts_.access->fetches_keys || key_set == parts_.access->key_set) return absl::OkStatus();
  ASSIGN_OR_RETURN(parts_.access, WithKeySet(*parts_.access, std::move(key_set)));
  for (size_t i = 0; i < lanes_.size(); ++i) {
    lanes_[i]->Execute([this, i, access = parts_.access] { UseAccess(i, access); });
  }
  return absl::OkStatus();
}

void App::AnnounceShutdown() {
  is_draining_ = true;
  health_->SetNotServing();
}

void App::Shutdown(absl::Duration timeout) {
  AnnounceShutdown();
  key_source_.Stop();  // its thread hands work to the lanes
  if (try_it_) try_it_->Close();
  transport_->StopAccepting();
  for (size_t i = 0; i < lanes_.size(); ++i) {
    lanes_[i]->Execute([calls = lane_calls_[i].get()] { calls->streams.Cancel(lane::CancelCause::kShutdown); });
  }
  if (!WaitForCalls(timeout)) {
    GiveUpCallsInFlight();
    WaitForCalls(kGiveUpTime);
  }
  transport_->Close();
  for (const auto& lane : lanes_) lane->Join();
  resources_->WaitUntilSettled(kSettleTime);
  admin_port_.Stop();  // it has shown the end of the calls; now what it shows goes
  front_ = nullptr;
  transport_.reset();
}

// Waits for the calls, not for the connections: one whose client is gone or asleep would never end.
bool App::WaitForCalls(absl::Duration timeout) const {
  const SteadyTime start = environment_.clock->SteadyNow();
  while (true) {
    const absl::Duration waited = absl::Nanoseconds(environment_.clock->SteadyNow() - start);
    // Even without connections, calls whose callers have left may be in flight.
    const bool clients_know = transport_->clients_know() || waited >= std::min(kGoawayTime, timeout);
    if (clients_know && calls_in_flight() == 0 && (try_it_ == nullptr || try_it_->idle())) return true;
    if (waited >= timeout) return false;
    absl::SleepFor(kLookAgain);
  }
}

void App::GiveUpCallsInFlight() {
  for (size_t i = 0; i < lanes_.size(); ++i) {
    lanes_[i]->Execute([calls = lane_calls_[i].get()] { calls->unary_calls.Cancel(lane::CancelCause::kShutdown); });
  }
}

}  // namespace interaction::app
