#pragma once

#include "server/base/secret.h"

namespace interaction::upstream {

// Whose secret goes to the upstream. Decides whom a rejection is blamed on: a caller's credential that is rejected is
// UNAUTHENTICATED or PERMISSION_DENIED; one of the gateway's is FAILED_PRECONDITION, for the operator.
enum class CredentialOwner { kCaller, kGateway };

struct Credential {
  Secret secret;
  CredentialOwner owner = CredentialOwner::kCaller;
};

}  // namespace interaction::upstream
