#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <nlohmann/json_fwd.hpp>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

// Requests as JSON. Pure; every error is INVALID_ARGUMENT, names the field or the place, and does not repeat a value,
// which may be a secret.
namespace interaction::cli {

// Reads `text` as an object whose members are fields of `type`, named as in the proto or in lowerCamel. Returns it with
// the proto's names.
//
//   {"accountId": "x"}  ->  {"account_id": "x"}
//   {"acount_id": "x"}  ->  no field 'acount_id' in CreateVspInteractionRequest; did you mean 'account_id'?
absl::StatusOr<nlohmann::json> ParseRequestJson(absl::string_view text, const google::protobuf::Descriptor& type);

// Fills `request` from an object with the proto's names. null leaves a field out.
absl::Status FillFromJson(const nlohmann::json& object, google::protobuf::Message& request);

}  // namespace interaction::cli
