#pragma once

#include <memory>
#include <string>
#include <vector>

#include <google/protobuf/message.h>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "interaction/client.h"
#include "rules/field_violation.h"

namespace interaction::cli::import {

// The reply to a call, whatever its method.
struct AnyReply {
  std::string bytes;  // the message, as protobuf writes it
  bool replayed = false;
  bool bypassed = false;
};

// A method whose requests can be imported.
struct Method {
  const char* name;                          // as the command of interactionctl is called: "create-vsp"
  const char* rpc;                           // "CreateVspInteraction"
  const char* secret_field;                  // the field that holds the caller's credential at the vendor
  const google::protobuf::Message& request;  // empty ones, to make others of
  const google::protobuf::Message& reply;

  // The rules of rules/requests.h, without what only the gateway knows.
  std::vector<FieldViolation> (*canonicalize)(google::protobuf::Message* request);
  absl::StatusOr<AnyReply> (*call)(Client& client, const google::protobuf::Message& request,
                                   const CallOptions& options);

  std::string SecretOf(const google::protobuf::Message& message) const;
  const google::protobuf::FieldDescriptor* SecretField() const;
};

// INVALID_ARGUMENT, with the names that there are, for any other.
absl::StatusOr<const Method*> FindMethod(const std::string& name);

}  // namespace interaction::cli::import
