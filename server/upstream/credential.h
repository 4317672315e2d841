#pragma once

#include "server/base/secret.h"

namespace interaction::upstream {

// Whose secret is sent to the upstream. If the upstream rejects a caller's credential, the error is UNAUTHENTICATED or
// PERMISSION_DENIED; if it rejects the gateway's, FAILED_PRECONDITION, for the operator.
enum class CredentialOwner { kCaller, kGateway };

struct Credential {
  Secret secret;
  CredentialOwner owner = CredentialOwner::kCaller;
};

}  // namespace interaction::upstream
