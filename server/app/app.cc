#include "server/app/app.h"

#include <grpc/grpc.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "server/app/cores.h"
#include "server/app/options.h"
#include "server/base/status_macros.h"
#include "server/rpc/interaction_service.h"
#include "server/rpc/reflection_service.h"
#include "server/rpc/unknown_methods.h"
#include "server/upstream/seethepro/translator.h"
#include "server/upstream/translated_method.h"
#include "server/upstream/wolkvox/translator.h"

namespace interaction::app {
namespace {

constexpr char kServiceName[] = "interaction.v1.InteractionService";
constexpr char kHealthName[] = "grpc.health.v1.Health";

// How long calls that were given up may take to answer, which they do at once.
constexpr absl::Duration kGiveUpTime = absl::Seconds(2);

// How long clients have to learn of the shutdown and to stop calling on their connections.
constexpr absl::Duration kGoawayTime = absl::Seconds(1);

// How long the record store may take to save the last results; those it does not save read as unknown later.
constexpr absl::Duration kSettleTime = absl::Seconds(1);

// How often a shutdown checks whether the last call has ended.
constexpr absl::Duration kLookAgain = absl::Milliseconds(10);

// How long, beyond a call's own time, its answer may take to reach the caller and gRPC may take to close the
// connection.
constexpr absl::Duration kAnswerMargin = absl::Seconds(40);

// The time within which every call on a connection has certainly ended. No rule that ends connections may be shorter:
// clients would report UNAVAILABLE for a request that was sent.
int LongestCallMs(const config::Config& config) {
  const absl::Duration longest = std::max(config.seethepro.upstream.max_deadline, config.wolkvox.upstream.max_deadline);
  return static_cast<int>(absl::ToInt64Milliseconds(longest + kAnswerMargin));
}

void SetChannelArguments(const config::Config& config, grpc::ServerBuilder* builder) {
  const config::Server& options = config.server;
  builder->SetMaxReceiveMessageSize(options.max_message_bytes);
  // gRPC would decompress a whole message before it checks the size.
  builder->SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_DEFLATE, false);
  builder->SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_GZIP, false);
  const std::pair<const char*, int> arguments[] = {
      // Two servers on one port would each get half of the calls, without any notice.
      {GRPC_ARG_ALLOW_REUSEPORT, 0},
      {GRPC_ARG_MAX_CONCURRENT_STREAMS, options.max_concurrent_streams},
      {GRPC_ARG_MAX_METADATA_SIZE, 16 << 10},
      // Ending connections now and then lets clients behind a layer 4 load balancer spread again; gRPC adds the jitter.
      {GRPC_ARG_MAX_CONNECTION_AGE_MS, 10 * 60 * 1000},
      {GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, LongestCallMs(config)},
      {GRPC_ARG_MAX_CONNECTION_IDLE_MS, 30 * 60 * 1000},
      // Detects clients that are gone. A client that sleeps for a while, or whose network is down for a while, still
      // gets its answer.
      {GRPC_ARG_KEEPALIVE_TIME_MS, 60 * 1000},
      {GRPC_ARG_KEEPALIVE_TIMEOUT_MS, LongestCallMs(config)},
      {GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1},
      // Frequent pings of a client are no reason to end its calls.
      {GRPC_ARG_HTTP2_MAX_PING_STRIKES, 0},
      // gRPC core refuses calls beyond this number that wait to be accepted, but admission decides that here.
      {"grpc.server.max_pending_requests", options.max_concurrent_streams * 1024},
      {"grpc.server.max_pending_requests_hard_limit", options.max_concurrent_streams * 1024},
  };
  for (const auto& [name, value] : arguments) builder->AddChannelArgument(name, value);
}

template <typename Translator>
std::unique_ptr<upstream::Upstream> MakeUpstream(std::string rpc, std::unique_ptr<Translator> translator,
                                                 const upstream::UpstreamOptions& options) {
  auto made = std::make_unique<upstream::Upstream>();
  made->name = std::string(translator->name());
  made->rpc = std::move(rpc);
  made->method = upstream::MakeMethod(std::move(translator));
  made->options = options;
  return made;
}

}  // namespace

absl::StatusOr<std::unique_ptr<App>> App::Start(const config::Config& config, const Environment& environment) {
  auto app = std::unique_ptr<App>(new App(environment));
  grpc::ServerBuilder builder;
  RETURN_IF_ERROR(app->BuildUpstreams(config));
  ASSIGN_OR_RETURN(app->resources_, Resources::Create(config, environment.clock, environment.log,
                                                      [app = app.get()](auto upstream, auto host, auto state) {
                                                        app->upstream_health_->OnBreaker(upstream, host, state);
                                                      }));
  RETURN_IF_ERROR(app->BuildLanes(config, &builder));
  app->BuildServices(config);
  RETURN_IF_ERROR(app->StartServer(config, &builder));
  return app;
}

App::~App() {
  if (server_) Shutdown(absl::ZeroDuration());
}

absl::Status App::BuildUpstreams(const config::Config& config) {
  ASSIGN_OR_RETURN(auto seethepro, seethepro::Translator::Create(SeeTheProOptions(config)));
  ASSIGN_OR_RETURN(auto wolkvox, wolkvox::Translator::Create(WolkvoxOptions(config)));
  seethepro_ =
      MakeUpstream("CreateVspInteraction", std::move(seethepro), UpstreamOptions(config, config.seethepro.upstream));
  wolkvox_ =
      MakeUpstream("AddWolkvoxInteraction", std::move(wolkvox), UpstreamOptions(config, config.wolkvox.upstream));
  return absl::OkStatus();
}

absl::Status App::BuildLanes(const config::Config& config, grpc::ServerBuilder* builder) {
  http::Resolver* resolver = environment_.resolver;
  if (resolver == nullptr) {
    system_resolver_ = http::MakeSystemResolver({}, environment_.clock);
    resolver = system_resolver_.get();
  }
  ASSIGN_OR_RETURN(watcher_, lane::Watcher::Create());
  const int lanes = config.server.lanes > 0 ? config.server.lanes : AvailableCores();
  for (int i = 0; i < lanes; ++i) {
    http::ClientOptions client_options = HttpClientOptions(config);
    client_options.on_stray_bytes = [this](absl::string_view authority) { ReportStrayBytes(authority); };
    ASSIGN_OR_RETURN(auto client, http::Client::Create(client_options, resolver, environment_.clock));
    ASSIGN_OR_RETURN(http::Endpoint* const seethepro,
                     client->AddEndpoint(EndpointOptions(config, config.seethepro.upstream)));
    ASSIGN_OR_RETURN(http::Endpoint* const wolkvox,
                     client->AddEndpoint(EndpointOptions(config, config.wolkvox.upstream)));
    seethepro_->endpoints.push_back(seethepro);
    wolkvox_->endpoints.push_back(wolkvox);
    const int sockets = client->epoll_fd();
    lanes_.push_back(std::make_unique<lane::Lane>(static_cast<size_t>(i), builder->AddCompletionQueue(),
                                                  std::move(client), config.server.spin, environment_.clock,
                                                  watcher_.get()));
    lane_calls_.push_back(std::make_unique<rpc::LaneCalls>());
    RETURN_IF_ERROR(watcher_->Add(lanes_.back().get(), sockets));
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
  const std::vector<std::string> upstreams = {seethepro_->name, wolkvox_->name};
  call_log_ = std::make_unique<call::CallLog>(upstreams, &resources_->counters(), environment_.log);
  auto health = std::make_unique<rpc::HealthService>(std::vector<std::string>{
      kServiceName, UpstreamHealth::NameFor(upstreams[0]), UpstreamHealth::NameFor(upstreams[1])});
  health_ = health.get();
  upstream_health_ = std::make_unique<UpstreamHealth>(health_);
  for (size_t i = 0; i < lanes_.size(); ++i) health_->Add(lanes_[i].get(), lane_calls_[i].get());
  services_.push_back(std::make_unique<rpc::InteractionService>(
      rpc::InteractionService::Options{.create_vsp = {std::move(seethepro_), resources_->seethepro()},
                                       .add_wolkvox = {std::move(wolkvox_), resources_->wolkvox()},
                                       .handling = resources_->handling(),
                                       .count_peers = resources_->admission().counts_peers(),
                                       .observer = call_log_.get(),
                                       .counters = &resources_->counters(),
                                       .log = environment_.log}));
  services_.push_back(std::move(health));
  if (config.server.reflection) {
    services_.push_back(std::make_unique<rpc::ReflectionService>(std::vector<std::string>{
        kServiceName, kHealthName, "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"}));
  }
  services_.push_back(std::make_unique<rpc::UnknownMethods>(environment_.log));
}

absl::Status App::StartServer(const config::Config& config, grpc::ServerBuilder* builder) {
  ASSIGN_OR_RETURN(listener_, Listener::Open(config.server.listen, environment_.clock, environment_.log));
  SetChannelArguments(config, builder);
  connections_ = builder->experimental().AddExternalConnectionAcceptor(
      grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD, grpc::InsecureServerCredentials());
  for (const auto& service : services_) service->Register(builder);
  server_ = builder->BuildAndStart();
  if (server_ == nullptr) return absl::InternalError("gRPC does not start");
  for (size_t i = 0; i < lanes_.size(); ++i) {
    lanes_[i]->Start();
    lanes_[i]->Execute([this, i] {
      for (const auto& service : services_) service->Start(lanes_[i].get(), lane_calls_[i].get());
    });
  }
  return listener_->Start([this](int listening_fd, int fd) {
    grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters connection;
    connection.listener_fd = listening_fd;
    connection.fd = fd;
    connections_->HandleNewConnection(&connection);
  });
}

void App::AnnounceShutdown() { health_->SetNotServing(); }

void App::Shutdown(absl::Duration timeout) {
  AnnounceShutdown();
  listener_->Close();
  for (size_t i = 0; i < lanes_.size(); ++i) {
    lanes_[i]->Execute([calls = lane_calls_[i].get()] { calls->streams.Cancel(lane::CancelCause::kShutdown); });
  }
  // grpc::Server::Shutdown waits for the connections, of which one whose peer is gone or asleep would never end: so the
  // calls are counted here, and what is left without calls is cut off.
  absl::Notification finished;
  std::thread shutdown([&] {
    server_->Shutdown();
    finished.Notify();
  });
  if (!WaitForCalls(finished, timeout)) {
    GiveUpCallsInFlight();
    WaitForCalls(finished, kGiveUpTime);
  }
  if (!finished.HasBeenNotified()) grpc_server_cancel_all_calls(server_->c_server());
  shutdown.join();
  watcher_->Stop();  // a lane's alarm must not be set on a queue that is shut down
  for (const auto& lane : lanes_) lane->Join();
  resources_->WaitUntilSettled(kSettleTime);
  server_.reset();
}

bool App::WaitForCalls(const absl::Notification& finished, absl::Duration timeout) const {
  const SteadyTime start = environment_.clock->SteadyNow();
  while (true) {
    const absl::Duration waited = absl::Nanoseconds(environment_.clock->SteadyNow() - start);
    // Even without open RPCs, calls whose callers have left may be in flight.
    const bool clients_know = finished.HasBeenNotified() || waited >= kGoawayTime;
    if (clients_know && calls_in_flight() == 0) return true;
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
