#include "server/call/log_fields.h"

#include <cmath>
#include <string>

#include "absl/strings/str_join.h"

namespace interaction::call {
namespace {

using telemetry::LogLevel;

// With any other code, the gateway or an upstream is the cause.
bool IsCallersByCode(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kAborted:
      return true;
    default:
      return false;
  }
}

bool IsCallersByReason(Reason reason) {
  switch (reason) {
    case Reason::kUnknownMethod:
    case Reason::kMetadataTooLarge:
    case Reason::kRequestIdUnsupported:
    case Reason::kRequestIdReused:
    case Reason::kDeadlineBeforeSend:
      return true;
    default:
      return false;
  }
}

bool IsAboutTheCaller(Reason reason) {
  return reason == Reason::kCallerUnauthenticated || reason == Reason::kCallerNotAllowed;
}

absl::string_view ValueOf(const ErrorDetails& details, const std::string& key) {
  const auto found = details.metadata.find(key);
  return found == details.metadata.end() ? absl::string_view() : absl::string_view(found->second);
}

}  // namespace

LogLevel LevelOf(const absl::Status& error, const ErrorDetails& details) {
  if (details.outcome == Outcome::kUnknown) return LogLevel::kWarning;
  return IsCallersByCode(error.code()) || IsCallersByReason(details.reason) ? LogLevel::kInfo : LogLevel::kWarning;
}

absl::string_view CallerIn(const ErrorDetails& details) { return ValueOf(details, "caller"); }

absl::string_view DetailIn(const ErrorDetails& details) {
  return IsAboutTheCaller(details.reason) ? ValueOf(details, "detail") : absl::string_view();
}

std::string FieldsIn(const ErrorDetails& details) {
  return absl::StrJoin(details.field_violations, ", ",
                       [](std::string* to, const FieldViolation& violation) { to->append(violation.field); });
}

double MillisecondsOf(absl::Duration duration) { return std::round(absl::ToDoubleMicroseconds(duration)) / 1000; }

}  // namespace interaction::call
