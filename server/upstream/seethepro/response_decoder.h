#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "interaction/v1/interaction_service.pb.h"
#include "server/base/errors.h"

namespace interaction::seethepro {

// The body of a success: a VspInteraction in JSON or XML, recognized by its content, in UTF-8 or, with a byte order
// mark, UTF-16. A member that is null (i:nil) or absent is absent in the reply. INVALID_ARGUMENT, without text from the
// upstream, for anything else, and if there is no InteractionId, because then the opened interaction is not identified.
absl::StatusOr<v1::CreateVspInteractionResponse> DecodeReply(absl::string_view body);

// The fields that an error body complains about, by their names in the proto, in each form that ASP.NET uses. The
// descriptions are the gateway's own; keys that are not fields of the request are left out. Empty if the body names
// none.
//
//   Web API     {"Message":"...","ModelState":{"model.AccountId":["..."]}}
//   Core        {"title":"...","status":400,"errors":{"$.accountId":["..."]}}   application/problem+json
//   Core, bare  {"AccountId":["..."]}
//
// In XML: <Error><ModelState><model.AccountId>, <problem><MVC-Errors><AccountId>, <Error><AccountId>.
std::vector<FieldViolation> DecodeRejectedFields(absl::string_view body);

// Whether an error body is the framework's "no such URL", or HTML from a proxy, and not the application's answer.
bool IsFrameworkNotFound(absl::string_view body);

}  // namespace interaction::seethepro
