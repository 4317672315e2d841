#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "interaction/v1/interaction_service.pb.h"
#include "server/base/errors.h"

namespace interaction::seethepro {

// The body of a success: a VspInteraction in JSON or XML, told apart by what it looks like, in UTF-8 or, with a byte
// order mark, UTF-16. A member that is null (i:nil) or absent is absent in the reply. INVALID_ARGUMENT, with no text of
// the upstream's, for anything else, and when there is no InteractionId: then it cannot be said what was opened.
absl::StatusOr<v1::CreateVspInteractionResponse> DecodeReply(absl::string_view body);

// The fields that an error body complains about, with the names of the proto, in each form that ASP.NET has for them.
// The descriptions are ours; keys that are no field of the request are left out. Empty if the body names none.
//
//   Web API     {"Message":"...","ModelState":{"model.AccountId":["..."]}}
//   Core        {"title":"...","status":400,"errors":{"$.accountId":["..."]}}   application/problem+json
//   Core, bare  {"AccountId":["..."]}
//
// In XML: <Error><ModelState><model.AccountId>, <problem><MVC-Errors><AccountId>, <Error><AccountId>.
std::vector<FieldViolation> DecodeRejectedFields(absl::string_view body);

// Whether an error body is the framework's own "no such URL" (or a front end's HTML), not the application's answer.
bool IsFrameworkNotFound(absl::string_view body);

}  // namespace interaction::seethepro
