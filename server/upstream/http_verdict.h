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

// What only an upstream's own room can tell about an answer.
struct Hints {
  CredentialOwner owner = CredentialOwner::kCaller;
  absl::Time now;                                // for a Retry-After that is a date
  bool names_a_resource = false;                 // a 404 that is about an account or a routing point, not about the URL
  bool says_duplicate = false;                   // a 409 that says the thing exists already
  std::string upstream_code;                     // the upstream's own code inside the answer, for the metadata
  std::vector<FieldViolation> field_violations;  // what the answer says of single fields, by their names in the proto
};

// What a status that is not a success means for the call, for any upstream: code, reason and outcome by the table in
// docs/errors.md. `status` is not necessarily response.status: an answer may have a code of its own inside.
absl::Status HttpError(int status, const http::Response& response, const Hints& hints);

// Whether a status is one of the successes that bring a body: 200, 201, 202.
bool IsSuccess(int status);

// Reads Retry-After (RFC 9110, section 10.2.3): seconds, or a date. Clamped to 0 to 300 s; nothing if it is neither.
//
//   ParseRetryAfter("7", now) == 7 s
std::optional<absl::Duration> ParseRetryAfter(absl::string_view value, absl::Time now);

}  // namespace interaction::upstream
