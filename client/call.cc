#include "client/call.h"

#include <string>

#include "absl/strings/string_view.h"

namespace interaction::internal {

absl::Status CancelledUnsent() {
  return NothingSent(absl::StatusCode::kCancelled, "The call was cancelled before it was sent.", kCancelledUnsent);
}

Task<absl::Status> EnsureConnected(Connection& connection, const CallOptions& call, absl::Time deadline) {
  if (connection.IsConnected()) co_return absl::OkStatus();
  grpc::ClientContext context;
  absl::Status prepared = Prepare(call, deadline, context);
  if (!prepared.ok()) co_return prepared;
  grpc::health::v1::HealthCheckRequest request;
  grpc::health::v1::HealthCheckResponse response;
  const auto prepare = [&](grpc::CompletionQueue* queue) {
    return connection.health->PrepareAsyncCheck(&context, request, queue);
  };
  const grpc::Status status = co_await Send(connection, call, context, response, prepare);
  if (call.stop.stop_requested()) co_return CancelledUnsent();
  const absl::Status answer = connection.WithProxy(ToAbslStatus(status));
  // Any other answer shows that there is a connection.
  if (!absl::IsUnavailable(answer) && !absl::IsDeadlineExceeded(answer)) co_return absl::OkStatus();
  co_return NothingSent(answer.code(), answer.message(), kGatewayUnreachable);
}

absl::Status ErrorOf(const grpc::Status& status, const CallOptions& call, const std::string& request_id) {
  if (status.error_code() == grpc::StatusCode::CANCELLED && call.stop.stop_requested()) {
    return WithErrorInfo(absl::CancelledError("The caller cancelled the call after it may have been sent."),
                         request_id);
  }
  return WithErrorInfo(ToAbslStatus(status), request_id);
}

std::optional<absl::string_view> Trailer(const grpc::ClientContext& context, const char* name) {
  const auto& trailers = context.GetServerTrailingMetadata();
  const auto found = trailers.find(name);
  if (found == trailers.end()) return std::nullopt;
  return absl::string_view(found->second.data(), found->second.size());
}

}  // namespace interaction::internal
