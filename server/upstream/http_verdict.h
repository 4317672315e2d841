#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/base/errors.h"
#include "server/http/message.h"
#include "server/upstream/credential.h"

namespace interaction::upstream {

// What only the upstream's own code can say about an answer.
struct Hints {
  CredentialOwner owner = CredentialOwner::kCaller;
  absl::Time now;                                // for a Retry-After that is a date
  bool names_a_resource = false;                 // a 404 concerns an account or a routing point, not the URL
  bool says_duplicate = false;                   // a 409 says that the interaction exists already
  std::string upstream_code;                     // the upstream's own code inside the answer, for error metadata
  std::vector<FieldViolation> field_violations;  // what the answer says about fields, by their names in the proto
};

// The error for an HTTP status that is not a success, for any upstream: code, reason and outcome by the table in
// docs/errors.md. `status` may differ from response.status: an answer may contain a code of its own.
absl::Status HttpError(int status, const http::Response& response, const Hints& hints);

// Whether a status is a success with a body: 200, 201, 202.
bool IsSuccess(int status);

// Reads Retry-After (RFC 9110, section 10.2.3): seconds, or a date. Limited to 0 to 300 s; nothing if it is neither.
//
//   ParseRetryAfter("7", now) == 7 s
std::optional<absl::Duration> ParseRetryAfter(absl::string_view value, absl::Time now);

}  // namespace interaction::upstream
