#include "server/app/app.h"

#include <utility>

#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "server/app/cores.h"
#include "server/app/options.h"
#include "server/base/status_macros.h"
#include "server/config/files.h"
#include "server/event/loop.h"
#include "server/front/front.h"
#include "server/grpc_transport/grpc_transport.h"
#include "server/listen/listener.h"
#include "server/rpc/interaction_service.h"
#include "server/rpc/reflection_service.h"
#include "server/rpc/unknown_methods.h"
#include "server/tls/client_context.h"
#include "server/tls/server_context.h"
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

constexpr size_t kMaxPemBytes = 1 << 20;

// How often a shutdown checks whether the last call has ended.
constexpr absl::Duration kLookAgain = absl::Milliseconds(10);

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
  RETURN_IF_ERROR(app->BuildUpstreams(config));
  ASSIGN_OR_RETURN(app->resources_, Resources::Create(config, environment.clock, environment.log,
                                                      [app = app.get()](auto upstream, auto host, auto state) {
                                                        app->upstream_health_->OnBreaker(upstream, host, state);
                                                      }));
  RETURN_IF_ERROR(app->BuildLanes(config));
  app->BuildServices(config);
  RETURN_IF_ERROR(app->StartServing(config));
  return app;
}

App::~App() {
  if (transport_) Shutdown(absl::ZeroDuration());
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

absl::Status App::BuildLanes(const config::Config& config) {
  http::Resolver* resolver = environment_.resolver;
  if (resolver == nullptr) {
    system_resolver_ = http::MakeSystemResolver({}, environment_.clock);
    resolver = system_resolver_.get();
  }
  ASSIGN_OR_RETURN(const auto tls, tls::ClientContext::Create(UpstreamTlsFiles(config)));
  const int lanes = config.server.lanes > 0 ? config.server.lanes : AvailableCores();
  for (int i = 0; i < lanes; ++i) {
    http::ClientOptions client_options = HttpClientOptions(config);
    client_options.on_stray_bytes = [this](absl::string_view authority) { ReportStrayBytes(authority); };
    ASSIGN_OR_RETURN(auto loop, event::Loop::Create(environment_.clock));
    ASSIGN_OR_RETURN(auto client, http::Client::Create(client_options, resolver, loop.get()));
    ASSIGN_OR_RETURN(http::Endpoint* const seethepro,
                     client->AddEndpoint(EndpointOptions(config, config.seethepro.upstream, tls)));
    ASSIGN_OR_RETURN(http::Endpoint* const wolkvox,
                     client->AddEndpoint(EndpointOptions(config, config.wolkvox.upstream, tls)));
    seethepro_->endpoints.push_back(seethepro);
    wolkvox_->endpoints.push_back(wolkvox);
    lanes_.push_back(
        std::make_unique<lane::Lane>(static_cast<size_t>(i), std::move(loop), std::move(client), config.server.spin));
    lane_calls_.push_back(std::make_unique<rpc::LaneCalls>());
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
  std::vector<std::string> services = {kServiceName};
  for (const std::string& upstream : upstreams) services.push_back(UpstreamHealth::NameFor(upstream));
  auto health = std::make_unique<rpc::HealthService>(std::move(services));
  health_ = health.get();
  upstream_health_ = std::make_unique<UpstreamHealth>(health_);
  for (const auto& lane : lanes_) health_->Add(lane.get());
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

absl::StatusOr<std::unique_ptr<rpc::Transport>> App::MakeTransport(const config::Config& config,
                                                                   std::unique_ptr<listen::Listener> listener) {
  std::shared_ptr<const tls::ServerContext> tls;
  if (!config.server.tls_cert_file.empty()) {
    ASSIGN_OR_RETURN(tls, tls::ServerContext::Create(ServerTlsFiles(config)));
  }
  std::vector<lane::Lane*> lanes;
  std::vector<rpc::LaneCalls*> calls;
  for (size_t i = 0; i < lanes_.size(); ++i) {
    lanes.push_back(lanes_[i].get());
    calls.push_back(lane_calls_[i].get());
  }
  if (config.server.transport == config::Transport::kH2) {
    front::Options options = FrontOptions(config);
    options.tls = std::move(tls);
    return std::make_unique<front::Front>(options, std::move(listener), lanes, calls, &methods_, &Resources::Random,
                                          environment_.log);
  }
  grpc_transport::Options options = GrpcTransportOptions(config);
  if (tls != nullptr) {  // which has shown that the files can be used
    ASSIGN_OR_RETURN(options.tls_certificate, config::ReadFile(config.server.tls_cert_file, kMaxPemBytes));
    ASSIGN_OR_RETURN(options.tls_key, config::ReadFile(config.server.tls_key_file, kMaxPemBytes));
  }
  return std::make_unique<grpc_transport::GrpcTransport>(options, std::move(listener), std::move(lanes),
                                                         std::move(calls), &methods_);
}

absl::Status App::StartServing(const config::Config& config) {
  for (const auto& service : services_) service->Register(&methods_);
  ASSIGN_OR_RETURN(auto listener, listen::Listener::Open(config.server.listen, environment_.clock, environment_.log));
  address_ = listener->address();
  ASSIGN_OR_RETURN(transport_, MakeTransport(config, std::move(listener)));
  for (const auto& lane : lanes_) lane->Start();
  return transport_->Start();
}

void App::AnnounceShutdown() { health_->SetNotServing(); }

void App::Shutdown(absl::Duration timeout) {
  AnnounceShutdown();
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
  transport_.reset();
}

// Waits for the calls, not for the connections: one whose client is gone or asleep would never end.
bool App::WaitForCalls(absl::Duration timeout) const {
  const SteadyTime start = environment_.clock->SteadyNow();
  while (true) {
    const absl::Duration waited = absl::Nanoseconds(environment_.clock->SteadyNow() - start);
    // Even without connections, calls whose callers have left may be in flight.
    const bool clients_know = transport_->idle() || waited >= kGoawayTime;
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
