#include <algorithm>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/time/time.h"
#include "client/status_conversion.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "interaction/client.h"

namespace interaction {
namespace {

// Reads what the metadata says into the fields for it. What cannot be read is left as if it were not said.
void ReadMetadata(CallError& error) {
  const auto text = [&error](const char* key) {
    const auto found = error.metadata.find(key);
    return found == error.metadata.end() ? std::string() : found->second;
  };
  error.phase = text("phase");
  error.upstream = text("upstream");
  error.upstream_code = text("upstreamCode");
  error.request_id = text("requestId");
  error.bypassed = text("idempotency") == "bypassed";
  int number = 0;
  if (absl::SimpleAtoi(text("httpStatus"), &number)) error.http_status = number;
  if (absl::SimpleAtoi(text("attempts"), &number)) error.attempts = std::max(number, 1);
  absl::Time time;
  if (absl::ParseTime(absl::RFC3339_full, text("firstAttemptTime"), &time, nullptr)) error.first_attempt_time = time;
}

// Those of other domains come from something on the way, which cannot know the outcome.
void Read(const google::rpc::ErrorInfo& info, CallError& error) {
  if (!IsOurDomain(info.domain())) return;
  error.reason = info.reason();
  error.domain = info.domain();
  error.metadata = {info.metadata().begin(), info.metadata().end()};
  ReadMetadata(error);
  const auto outcome = error.metadata.find("outcome");
  if (outcome != error.metadata.end() && outcome->second == "not_applied") {
    error.outcome = CallError::Outcome::kNotApplied;
  }
}

void Read(const google::rpc::BadRequest& bad_request, CallError& error) {
  for (const auto& violation : bad_request.field_violations()) {
    error.field_violations.push_back({violation.field(), violation.description()});
  }
}

void Read(const google::rpc::QuotaFailure& quota, CallError& error) {
  for (const auto& violation : quota.violations()) {
    error.quota_violations.push_back({violation.subject(), violation.description()});
  }
}

void Read(const google::rpc::PreconditionFailure& precondition, CallError& error) {
  for (const auto& violation : precondition.violations()) {
    error.precondition_violations.push_back({violation.type(), violation.subject(), violation.description()});
  }
}

void Read(const google::rpc::Help& help, CallError& error) {
  for (const auto& link : help.links()) error.help.push_back({link.url(), link.description()});
}

void Read(const google::rpc::RetryInfo& retry, CallError& error) {
  if (!retry.has_retry_delay()) return;
  error.retry_delay = absl::Seconds(retry.retry_delay().seconds()) + absl::Nanoseconds(retry.retry_delay().nanos());
}

template <typename Detail>
void ReadIf(const google::protobuf::Any& any, CallError& error) {
  Detail detail;
  if (any.Is<Detail>() && any.UnpackTo(&detail)) Read(detail, error);
}

}  // namespace

CallError GetCallError(const absl::Status& status) {
  CallError error;
  const absl::optional<absl::Cord> payload = status.GetPayload(kStatusPayload);
  google::rpc::Status details;
  if (!payload.has_value() || !details.ParseFromString(std::string(*payload))) return error;
  for (const google::protobuf::Any& any : details.details()) {
    ReadIf<google::rpc::ErrorInfo>(any, error);
    ReadIf<google::rpc::BadRequest>(any, error);
    ReadIf<google::rpc::QuotaFailure>(any, error);
    ReadIf<google::rpc::PreconditionFailure>(any, error);
    ReadIf<google::rpc::Help>(any, error);
    ReadIf<google::rpc::RetryInfo>(any, error);
  }
  return error;
}

}  // namespace interaction
