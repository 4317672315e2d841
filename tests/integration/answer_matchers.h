#pragma once

#include <gmock/gmock.h>

#include <string>

#include "tests/integration/gateway.h"

namespace interaction::testing {

// A failed call: its code, its reason and its outcome ("not_applied", "unknown"). Holds every error to what all errors
// promise: exactly one ErrorInfo of our domain, details below 4 KiB, a pushback exactly when the outcome is unknown,
// and UNAVAILABLE never for an unknown outcome.
MATCHER_P3(IsError, code, reason, outcome, "") {
  *result_listener << "code " << arg.status.error_code() << " (" << arg.status.error_message() << "), reason "
                   << arg.reason << ", outcome " << arg.outcome;
  for (const auto& [key, value] : arg.metadata) *result_listener << ", " << key << "=" << value;
  for (const auto& violation : arg.field_violations) {
    *result_listener << "\n  " << violation.field << ": " << violation.description;
  }
  const bool unknown = arg.outcome == "unknown";
  return arg.status.error_code() == code && arg.reason == reason && arg.outcome == outcome && arg.error_infos == 1 &&
         arg.domain == "interaction.v1.InteractionService" && arg.details_bytes < 4096 &&
         arg.pushback == (unknown ? "-1" : "") &&
         !(unknown && arg.status.error_code() == grpc::StatusCode::UNAVAILABLE);
}

// An error that names exactly these fields.
MATCHER_P(NamesFields, fields, "") {
  std::vector<std::string> named;
  for (const auto& violation : arg.field_violations) named.push_back(violation.field);
  return ::testing::ExplainMatchResult(::testing::UnorderedElementsAreArray(fields), named, result_listener);
}

// The answer is that of an earlier call; no request was sent for this one.
MATCHER(IsReplayed, "") { return arg.status.ok() && arg.replayed; }

MATCHER(Succeeds, "") {
  *result_listener << "code " << arg.status.error_code() << " (" << arg.status.error_message() << "), reason "
                   << arg.reason;
  return arg.status.ok();
}

}  // namespace interaction::testing
