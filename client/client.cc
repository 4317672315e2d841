#include "interaction/client.h"

#include <optional>

#include <grpc/grpc.h>
#include <grpc/slice.h>
#include <grpcpp/grpcpp.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/credential.h"
#include "client/service_config.h"
#include "client/status_conversion.h"
#include "client/target.h"
#include "client/tls_files.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "interaction/v1/interaction_service.grpc.pb.h"

namespace interaction {
namespace {

// gRPC aborts the process on metadata that cannot be sent, so it is checked before.
bool IsLegal(const std::string& name, const std::string& value) {
  if (absl::StartsWith(name, "grpc-")) return false;
  const grpc_slice name_slice = grpc_slice_from_static_buffer(name.data(), name.size());
  const grpc_slice value_slice = grpc_slice_from_static_buffer(value.data(), value.size());
  return grpc_header_key_is_legal(name_slice) &&
         (absl::EndsWith(name, "-bin") || grpc_header_nonbin_value_is_legal(value_slice));
}

absl::Status AddCredential(const ClientOptions& options, grpc::ClientContext& context) {
  const auto credential = CredentialMetadata(options);
  if (!credential.ok()) {
    return NothingSent(absl::StatusCode::kFailedPrecondition, credential.status().message(), kCredentialUnreadable);
  }
  if (!credential->first.empty()) context.AddMetadata(credential->first, credential->second);
  return absl::OkStatus();
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

// Cancels a call, once CallOptions::stop says so.
class CancelOnStop {
 public:
  CancelOnStop(const CallOptions& options, grpc::ClientContext& context) : callback_(options.stop, Cancel{&context}) {}

 private:
  struct Cancel {
    void operator()() const { context->TryCancel(); }
    grpc::ClientContext* context;
  };
  const std::stop_callback<Cancel> callback_;
};

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
  Route(std::shared_ptr<grpc::Channel> new_channel, const ClientOptions& options)
      : channel(std::move(new_channel)),
        through(options.proxy.empty() ? "" : absl::StrCat(", through the proxy ", WithoutUser(options.proxy))),
        service(v1::InteractionService::NewStub(channel)),
        health(grpc::health::v1::Health::NewStub(channel)) {}

  absl::StatusOr<ServingStatus> CheckHealth(absl::string_view name, const CallOptions& options, absl::Time deadline) {
    grpc::ClientContext context;
    absl::Status prepared = Prepare(options, deadline, context);
    if (!prepared.ok()) return prepared;
    grpc::health::v1::HealthCheckRequest request;
    request.set_service(std::string(name));
    grpc::health::v1::HealthCheckResponse response;
    const CancelOnStop cancel(options, context);
    const grpc::Status status = health->Check(&context, request, &response);
    if (!status.ok()) return WithRoute(ToAbslStatus(status));
    return FromProto(response.status());
  }

  // Names the proxy where it may be to blame.
  absl::Status WithRoute(absl::Status error) const {
    if (through.empty() || !absl::IsUnavailable(error)) return error;
    return absl::UnavailableError(absl::StrCat(error.message(), through));
  }

  // Fails if there is no connection and none can be made: the health check goes ahead, of which two do no harm.
  absl::Status EnsureConnected(const CallOptions& options, absl::Time deadline) {
    if (channel->GetState(/*try_to_connect=*/false) == GRPC_CHANNEL_READY) return absl::OkStatus();
    const absl::Status status = CheckHealth("", options, deadline).status();
    if (options.stop.stop_requested()) {
      return NothingSent(absl::StatusCode::kCancelled, "The call was cancelled before it was sent.", kCancelledUnsent);
    }
    if (!absl::IsUnavailable(status) && !absl::IsDeadlineExceeded(status)) return absl::OkStatus();
    return NothingSent(status.code(), status.message(), kGatewayUnreachable);
  }

  std::shared_ptr<grpc::Channel> channel;
  std::string through;  // ends the message of a connection that failed
  std::unique_ptr<v1::InteractionService::Stub> service;
  std::unique_ptr<grpc::health::v1::Health::Stub> health;
};

grpc::ChannelArguments MakeArguments(const ClientOptions& options) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, options.proxy.empty() ? 0 : 1);
  if (!options.proxy.empty()) arguments.SetString(GRPC_ARG_HTTP_PROXY, options.proxy);
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
  Routes(const ClientOptions& its_options, const std::shared_ptr<grpc::ChannelCredentials>& credentials)
      : options(its_options),
        once(grpc::CreateCustomChannel(options.target, credentials, MakeArguments(options)), options),
        retried(grpc::CreateCustomChannel(options.target, credentials, MakeRetryingArguments(options)), options) {}

  absl::Time DeadlineOf(const CallOptions& call) const {
    return call.deadline.value_or(absl::Now() + options.default_timeout);
  }

  template <typename Request, typename Response>
  absl::StatusOr<Reply<Response>> Call(grpc::Status (v1::InteractionService::Stub::*method)(grpc::ClientContext*,
                                                                                            const Request&, Response*),
                                       const Request& request, const CallOptions& call) {
    const absl::Time deadline = DeadlineOf(call);
    Route& route = request.request_id().empty() ? once : retried;
    grpc::ClientContext context;
    absl::Status ready = Prepare(call, deadline, context);
    if (ready.ok()) ready = AddCredential(options, context);
    if (ready.ok()) ready = route.EnsureConnected(call, deadline);
    if (!ready.ok()) return ready;
    Reply<Response> reply;
    const CancelOnStop cancel(call, context);
    const grpc::Status status = ((*route.service).*method)(&context, request, &reply.message);
    if (status.error_code() == grpc::StatusCode::CANCELLED && call.stop.stop_requested()) {
      return WithErrorInfo(absl::CancelledError("The caller cancelled the call after it may have been sent."),
                           request.request_id());
    }
    if (!status.ok()) return WithErrorInfo(ToAbslStatus(status), request.request_id());
    reply.replayed = HasTrailer(context, "idempotent-replayed", "true");
    reply.bypassed = HasTrailer(context, "idempotency", "bypassed");
    return reply;
  }

  const ClientOptions options;
  Route once;
  Route retried;
};

absl::StatusOr<std::unique_ptr<Client>> Client::Connect(const ClientOptions& options) {
  if (absl::Status status = CheckTarget(options.target); !status.ok()) return status;
  if (absl::Status status = CheckProxy(options.proxy); !status.ok()) return status;
  if (absl::Status status = CheckCredential(options); !status.ok()) return status;
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
