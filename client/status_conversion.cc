#include "client/status_conversion.h"

#include <algorithm>
#include <string>

#include "absl/strings/cord.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "interaction/client.h"

namespace interaction {
namespace {

google::rpc::ErrorInfo ClientError(absl::string_view reason, absl::string_view outcome) {
  google::rpc::ErrorInfo info;
  info.set_reason(std::string(reason));
  info.set_domain(kClientDomain);
  (*info.mutable_metadata())["outcome"] = std::string(outcome);
  return info;
}

void SetDetails(google::rpc::Status details, absl::Status& error) {
  details.set_code(static_cast<int>(error.code()));
  details.set_message(std::string(error.message()));
  error.SetPayload(kStatusPayload, absl::Cord(details.SerializeAsString()));
}

}  // namespace

absl::Status ToAbslStatus(const grpc::Status& status) {
  absl::Status result(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  if (!status.error_details().empty()) result.SetPayload(kStatusPayload, absl::Cord(status.error_details()));
  return result;
}

absl::Status WithErrorInfo(absl::Status error, absl::string_view request_id) {
  google::rpc::Status details;
  const absl::optional<absl::Cord> payload = error.GetPayload(kStatusPayload);
  if (payload.has_value() && !details.ParseFromString(std::string(*payload))) details.Clear();
  const auto& all = details.details();
  if (std::any_of(all.begin(), all.end(), [](const auto& any) { return any.template Is<google::rpc::ErrorInfo>(); })) {
    return error;
  }
  google::rpc::ErrorInfo info = ClientError(kNoAnswerFromGateway, "unknown");
  if (!request_id.empty()) (*info.mutable_metadata())["requestId"] = std::string(request_id);
  details.add_details()->PackFrom(info);
  SetDetails(std::move(details), error);
  return error;
}

absl::Status NothingSent(absl::StatusCode code, absl::string_view message, absl::string_view reason) {
  absl::Status error(code, message);
  google::rpc::Status details;
  details.add_details()->PackFrom(ClientError(reason, "not_applied"));
  SetDetails(std::move(details), error);
  return error;
}

}  // namespace interaction
