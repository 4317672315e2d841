#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/rpc/server_call.h"

namespace interaction::app {

// The methods of interaction.v1.InteractionService, with the name, type and comment of each field of their requests, as
// JSON. From the descriptors.
std::string MethodsJson();

// The serialized request of a method, "CreateVspInteraction", that `json` stands for. NOT_FOUND: there is no such
// method; INVALID_ARGUMENT says what is wrong with the JSON.
absl::StatusOr<std::string> RequestFromJson(const std::string& method, const std::string& json);

// What a call of the method came to, as JSON: code, message, reply, details, trailers.
std::string EndingJson(const std::string& method, const rpc::ServerCall::Ending& ending, absl::Duration duration);

}  // namespace interaction::app
