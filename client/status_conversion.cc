#include "client/status_conversion.h"

#include <optional>
#include <string>
#include <utility>

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

google::rpc::Status DetailsOf(const absl::Status& error) {
  google::rpc::Status details;
  const absl::optional<absl::Cord> payload = error.GetPayload(kStatusPayload);
  if (payload.has_value() && !details.ParseFromString(std::string(*payload))) details.Clear();
  return details;
}

struct FoundInfo {
  int index;  // in the details
  google::rpc::ErrorInfo info;
};

// The ErrorInfo of the gateway or of this client. Others come from something on the way.
std::optional<FoundInfo> FindInfo(const google::rpc::Status& details) {
  for (int i = 0; i < details.details_size(); ++i) {
    FoundInfo found{i, {}};
    if (details.details(i).UnpackTo(&found.info) && IsOurDomain(found.info.domain())) return found;
  }
  return std::nullopt;
}

}  // namespace

bool IsOurDomain(absl::string_view domain) { return domain == kGatewayDomain || domain == kClientDomain; }

absl::Status ToAbslStatus(const grpc::Status& status) {
  absl::Status result(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  if (!status.error_details().empty()) result.SetPayload(kStatusPayload, absl::Cord(status.error_details()));
  return result;
}

absl::Status WithErrorInfo(absl::Status error, absl::string_view request_id) {
  google::rpc::Status details = DetailsOf(error);
  if (FindInfo(details)) return error;
  google::rpc::ErrorInfo info = ClientError(kNoAnswerFromGateway, "unknown");
  if (!request_id.empty()) (*info.mutable_metadata())["requestId"] = std::string(request_id);
  details.add_details()->PackFrom(info);
  SetDetails(std::move(details), error);
  return error;
}

bool IsAnswerOfGateway(const absl::Status& error) {
  const auto found = FindInfo(DetailsOf(error));
  return found && found->info.domain() == kGatewayDomain;
}

absl::Status WithUnknownOutcome(absl::Status error) {
  google::rpc::Status details = DetailsOf(error);
  auto found = FindInfo(details);
  if (!found) return error;
  (*found->info.mutable_metadata())["outcome"] = "unknown";
  details.mutable_details(found->index)->PackFrom(found->info);
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
