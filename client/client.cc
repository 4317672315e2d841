#include "interaction/client.h"

#include <fstream>
#include <iterator>

#include <grpc/grpc.h>
#include <grpc/slice.h>
#include <grpcpp/grpcpp.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/service_config.h"
#include "client/status_conversion.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "interaction/v1/interaction_service.grpc.pb.h"

namespace interaction {
namespace {

absl::StatusOr<std::string> ReadPem(const std::string& path) {
  if (path.empty()) return std::string();
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrCat("cannot read ", path));
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (text.empty()) return absl::InvalidArgumentError(absl::StrCat(path, " is empty"));
  return text;
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MakeCredentials(const std::optional<TlsFiles>& tls) {
  if (!tls.has_value()) return grpc::InsecureChannelCredentials();
  if (tls->certificate.empty() != tls->key.empty()) {
    return absl::InvalidArgumentError("a client certificate needs its key, and a key its certificate");
  }
  const absl::StatusOr<std::string> ca = ReadPem(tls->ca);
  const absl::StatusOr<std::string> certificate = ReadPem(tls->certificate);
  const absl::StatusOr<std::string> key = ReadPem(tls->key);
  for (const auto* file : {&ca, &certificate, &key}) {
    if (!file->ok()) return file->status();
  }
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = *ca;
  options.pem_cert_chain = *certificate;
  options.pem_private_key = *key;
  return grpc::SslCredentials(options);
}

// gRPC aborts the process on metadata that cannot be sent, so it is checked before.
bool IsLegal(const std::string& name, const std::string& value) {
  if (absl::StartsWith(name, "grpc-")) return false;
  const grpc_slice name_slice = grpc_slice_from_static_buffer(name.data(), name.size());
  const grpc_slice value_slice = grpc_slice_from_static_buffer(value.data(), value.size());
  return grpc_header_key_is_legal(name_slice) &&
         (absl::EndsWith(name, "-bin") || grpc_header_nonbin_value_is_legal(value_slice));
}

absl::Status Prepare(const CallOptions& options, absl::Time deadline, grpc::ClientContext& context) {
  for (const auto& [name, value] : options.metadata) {
    if (!IsLegal(name, value)) {
      return NothingSent(absl::StatusCode::kInvalidArgument, absl::StrCat("cannot be sent as metadata: ", name),
                         kIllegalMetadata);
    }
    context.AddMetadata(name, value);
  }
  context.set_deadline(absl::ToChronoTime(deadline));
  return absl::OkStatus();
}

bool HasTrailer(const grpc::ClientContext& context, const char* name, const char* value) {
  const auto& trailers = context.GetServerTrailingMetadata();
  const auto trailer = trailers.find(name);
  return trailer != trailers.end() && trailer->second == value;
}

ServingStatus FromProto(grpc::health::v1::HealthCheckResponse::ServingStatus status) {
  switch (status) {
    case grpc::health::v1::HealthCheckResponse::SERVING:
      return ServingStatus::kServing;
    case grpc::health::v1::HealthCheckResponse::NOT_SERVING:
      return ServingStatus::kNotServing;
    default:
      return ServingStatus::kUnknown;
  }
}

// A channel and what is called over it. It connects when it is first used.
struct Route {
  explicit Route(std::shared_ptr<grpc::Channel> new_channel)
      : channel(std::move(new_channel)),
        service(v1::InteractionService::NewStub(channel)),
        health(grpc::health::v1::Health::NewStub(channel)) {}

  absl::StatusOr<ServingStatus> CheckHealth(absl::string_view name, const CallOptions& options, absl::Time deadline) {
    grpc::ClientContext context;
    absl::Status prepared = Prepare(options, deadline, context);
    if (!prepared.ok()) return prepared;
    grpc::health::v1::HealthCheckRequest request;
    request.set_service(std::string(name));
    grpc::health::v1::HealthCheckResponse response;
    const grpc::Status status = health->Check(&context, request, &response);
    if (!status.ok()) return ToAbslStatus(status);
    return FromProto(response.status());
  }

  // Fails if there is no connection and none can be made: the health check goes ahead, of which two do no harm.
  absl::Status EnsureConnected(const CallOptions& options, absl::Time deadline) {
    if (channel->GetState(/*try_to_connect=*/false) == GRPC_CHANNEL_READY) return absl::OkStatus();
    const absl::Status status = CheckHealth("", options, deadline).status();
    if (!absl::IsUnavailable(status) && !absl::IsDeadlineExceeded(status)) return absl::OkStatus();
    return NothingSent(status.code(), status.message(), kGatewayUnreachable);
  }

  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<v1::InteractionService::Stub> service;
  std::unique_ptr<grpc::health::v1::Health::Stub> health;
};

grpc::ChannelArguments MakeArguments(const ClientOptions& options) {
  grpc::ChannelArguments arguments;
  if (!options.user_agent_prefix.empty()) arguments.SetUserAgentPrefix(options.user_agent_prefix);
  if (options.default_service_config) arguments.SetLoadBalancingPolicyName("round_robin");
  return arguments;
}

grpc::ChannelArguments MakeRetryingArguments(const ClientOptions& options) {
  grpc::ChannelArguments arguments = MakeArguments(options);
  if (options.default_service_config) arguments.SetServiceConfigJSON(kServiceConfig);
  return arguments;
}

}  // namespace

// Two routes to one target, because a retry policy belongs to a channel.
struct Client::Routes {
  Routes(const ClientOptions& options, const std::shared_ptr<grpc::ChannelCredentials>& credentials)
      : default_timeout(options.default_timeout),
        once(grpc::CreateCustomChannel(options.target, credentials, MakeArguments(options))),
        retried(grpc::CreateCustomChannel(options.target, credentials, MakeRetryingArguments(options))) {}

  absl::Time DeadlineOf(const CallOptions& options) const {
    return options.deadline.value_or(absl::Now() + default_timeout);
  }

  template <typename Request, typename Response>
  absl::StatusOr<Reply<Response>> Call(grpc::Status (v1::InteractionService::Stub::*method)(grpc::ClientContext*,
                                                                                            const Request&, Response*),
                                       const Request& request, const CallOptions& options) {
    const absl::Time deadline = DeadlineOf(options);
    Route& route = request.request_id().empty() ? once : retried;
    grpc::ClientContext context;
    absl::Status ready = Prepare(options, deadline, context);
    if (ready.ok()) ready = route.EnsureConnected(options, deadline);
    if (!ready.ok()) return ready;
    Reply<Response> reply;
    const grpc::Status status = ((*route.service).*method)(&context, request, &reply.message);
    if (!status.ok()) return ToAbslStatus(status);
    reply.replayed = HasTrailer(context, "idempotent-replayed", "true");
    reply.bypassed = HasTrailer(context, "idempotency", "bypassed");
    return reply;
  }

  const absl::Duration default_timeout;
  Route once;
  Route retried;
};

absl::StatusOr<std::unique_ptr<Client>> Client::Connect(const ClientOptions& options) {
  if (options.target.empty()) return absl::InvalidArgumentError("no target");
  const auto credentials = MakeCredentials(options.tls);
  if (!credentials.ok()) return credentials.status();
  return std::unique_ptr<Client>(new Client(std::make_unique<Routes>(options, *credentials)));
}

Client::Client(std::unique_ptr<Routes> routes) : routes_(std::move(routes)) {}
Client::~Client() = default;

absl::StatusOr<Reply<v1::CreateVspInteractionResponse>> Client::CreateVspInteraction(
    const v1::CreateVspInteractionRequest& request, const CallOptions& options) {
  return routes_->Call(&v1::InteractionService::Stub::CreateVspInteraction, request, options);
}

absl::StatusOr<Reply<v1::AddWolkvoxInteractionResponse>> Client::AddWolkvoxInteraction(
    const v1::AddWolkvoxInteractionRequest& request, const CallOptions& options) {
  return routes_->Call(&v1::InteractionService::Stub::AddWolkvoxInteraction, request, options);
}

absl::StatusOr<ServingStatus> Client::CheckHealth(absl::string_view service, const CallOptions& options) {
  return routes_->once.CheckHealth(service, options, routes_->DeadlineOf(options));
}

}  // namespace interaction
