#include "server/rpc/status.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "server/base/errors.h"

namespace interaction::rpc {
namespace {

constexpr size_t kMaxDetailsBytes = 4096;

// For an UNAVAILABLE that does not know better: soon, but not at once.
constexpr absl::Duration kDefaultRetryDelay = absl::Seconds(1);

google::rpc::ErrorInfo MakeErrorInfo(const ErrorDetails& details, absl::string_view upstream,
                                     absl::string_view request_id) {
  google::rpc::ErrorInfo info;
  info.set_reason(std::string(Describe(details.reason).name));
  info.set_domain(std::string(kErrorDomain));
  auto& metadata = *info.mutable_metadata();
  for (const auto& [key, value] : details.metadata) metadata[key] = value;
  metadata["outcome"] = std::string(OutcomeName(details.outcome));
  if (details.phase) metadata["phase"] = std::string(PhaseName(*details.phase));
  if (!upstream.empty()) metadata["upstream"] = std::string(upstream);
  if (!request_id.empty()) metadata["requestId"] = std::string(request_id);
  return info;
}

void AddRetryInfo(absl::Duration delay, google::rpc::Status& status) {
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(absl::ToInt64Seconds(delay));
  retry.mutable_retry_delay()->set_nanos(absl::ToInt64Nanoseconds(delay % absl::Seconds(1)));
  status.add_details()->PackFrom(retry);
}

void AddQuotaFailure(const ErrorDetails& details, absl::string_view message, google::rpc::Status& status) {
  google::rpc::QuotaFailure quota;
  auto* violation = quota.add_violations();
  violation->set_subject(details.quota_subject);
  violation->set_description(std::string(message));
  status.add_details()->PackFrom(quota);
}

void AddPreconditionFailure(const ErrorDetails& details, absl::string_view message, google::rpc::Status& status) {
  google::rpc::PreconditionFailure precondition;
  auto* violation = precondition.add_violations();
  violation->set_type(std::string(Describe(details.reason).name));
  violation->set_subject(details.precondition_subject);
  violation->set_description(std::string(message));
  status.add_details()->PackFrom(precondition);
}

// As many violations as fit: a request has a dozen fields at most, so only a defect here would reach the limit.
void AddBadRequest(const ErrorDetails& details, google::rpc::Status& status) {
  google::rpc::BadRequest bad_request;
  for (const FieldViolation& violation : details.field_violations) {
    auto* added = bad_request.add_field_violations();
    added->set_field(violation.field);
    added->set_description(violation.description);
    if (status.ByteSizeLong() + bad_request.ByteSizeLong() + 64 > kMaxDetailsBytes) {
      bad_request.mutable_field_violations()->RemoveLast();
      break;
    }
  }
  status.add_details()->PackFrom(bad_request);
}

}  // namespace

RpcStatus ToRpcStatus(const absl::Status& error, absl::string_view upstream, absl::string_view request_id) {
  const ErrorDetails details = GetErrorDetails(error);
  google::rpc::Status status;
  status.set_code(static_cast<int>(error.code()));
  status.set_message(std::string(error.message()));
  status.add_details()->PackFrom(MakeErrorInfo(details, upstream, request_id));
  if (details.retry_after || absl::IsUnavailable(error)) {
    AddRetryInfo(details.retry_after.value_or(kDefaultRetryDelay), status);
  }
  if (!details.quota_subject.empty()) AddQuotaFailure(details, error.message(), status);
  if (!details.precondition_subject.empty()) AddPreconditionFailure(details, error.message(), status);
  if (!details.field_violations.empty()) AddBadRequest(details, status);
  return {static_cast<int>(error.code()), status.message(), status.SerializeAsString()};
}

}  // namespace interaction::rpc
