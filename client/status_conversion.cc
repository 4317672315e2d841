#include "client/status_conversion.h"

#include <string>

#include "absl/strings/cord.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "interaction/client.h"

namespace interaction {

absl::Status ToAbslStatus(const grpc::Status& status) {
  absl::Status result(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  if (!status.error_details().empty()) result.SetPayload(kStatusPayload, absl::Cord(status.error_details()));
  return result;
}

absl::Status NothingSent(absl::StatusCode code, absl::string_view message, absl::string_view reason) {
  google::rpc::ErrorInfo info;
  info.set_reason(std::string(reason));
  info.set_domain(kClientDomain);
  (*info.mutable_metadata())["outcome"] = "not_applied";
  google::rpc::Status details;
  details.set_code(static_cast<int>(code));
  details.set_message(std::string(message));
  details.add_details()->PackFrom(info);
  absl::Status status(code, message);
  status.SetPayload(kStatusPayload, absl::Cord(details.SerializeAsString()));
  return status;
}

}  // namespace interaction
