#include "client/connection.h"

#include <grpc/grpc.h>
#include <grpc/slice.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/credential.h"
#include "client/status_conversion.h"
#include "client/target.h"

namespace interaction::internal {
namespace {

// gRPC aborts the process on metadata that cannot be sent, so it is checked before.
bool IsLegal(const std::string& name, const std::string& value) {
  if (absl::StartsWith(name, "grpc-")) return false;
  const grpc_slice name_slice = grpc_slice_from_static_buffer(name.data(), name.size());
  const grpc_slice value_slice = grpc_slice_from_static_buffer(value.data(), value.size());
  return grpc_header_key_is_legal(name_slice) &&
         (absl::EndsWith(name, "-bin") || grpc_header_nonbin_value_is_legal(value_slice));
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

grpc::ChannelArguments MakeArguments(const ClientOptions& options) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, options.proxy.empty() ? 0 : 1);
  if (!options.proxy.empty()) arguments.SetString(GRPC_ARG_HTTP_PROXY, options.proxy);
  if (!options.user_agent_prefix.empty()) arguments.SetUserAgentPrefix(options.user_agent_prefix);
  if (options.default_service_config) arguments.SetServiceConfigJSON(RetryPolicy::ServiceConfigOfGrpc());
  return arguments;
}

}  // namespace

Connection::Connection(const ClientOptions& its_options, const std::shared_ptr<grpc::ChannelCredentials>& credentials)
    : options(its_options),
      channel(grpc::CreateCustomChannel(options.target, credentials, MakeArguments(options))),
      service(v1::InteractionService::NewStub(channel)),
      health(grpc::health::v1::Health::NewStub(channel)) {}

absl::StatusOr<ServingStatus> Connection::CheckHealth(absl::string_view name, const CallOptions& call) {
  grpc::ClientContext context;
  absl::Status prepared = Prepare(call, DeadlineOf(call), context);
  if (!prepared.ok()) return prepared;
  grpc::health::v1::HealthCheckRequest request;
  request.set_service(std::string(name));
  grpc::health::v1::HealthCheckResponse response;
  const CancelOnStop cancel(call, context);
  const grpc::Status status = health->Check(&context, request, &response);
  if (!status.ok()) return WithProxy(ToAbslStatus(status));
  return FromProto(response.status());
}

absl::Status Connection::WithProxy(absl::Status error) const {
  if (options.proxy.empty() || !absl::IsUnavailable(error)) return error;
  return absl::UnavailableError(absl::StrCat(error.message(), ", through the proxy ", WithoutUser(options.proxy)));
}

absl::Status Prepare(const CallOptions& call, absl::Time deadline, grpc::ClientContext& context) {
  for (const auto& [name, value] : call.metadata) {
    if (!IsLegal(name, value)) {
      return NothingSent(absl::StatusCode::kInvalidArgument, absl::StrCat("cannot be sent as metadata: ", name),
                         kIllegalMetadata);
    }
    context.AddMetadata(name, value);
  }
  context.set_deadline(absl::ToChronoTime(deadline));
  return absl::OkStatus();
}

absl::Status AddCredential(const ClientOptions& options, grpc::ClientContext& context) {
  const auto credential = CredentialMetadata(options);
  if (!credential.ok()) {
    return NothingSent(absl::StatusCode::kFailedPrecondition, credential.status().message(), kCredentialUnreadable);
  }
  if (!credential->first.empty()) context.AddMetadata(credential->first, credential->second);
  return absl::OkStatus();
}

}  // namespace interaction::internal
