#pragma once

#include "server/call/digest.h"

namespace interaction::call {

// Which record belongs to a call.
struct RecordId {
  Digest key{};          // of caller, method and request_id
  Digest fingerprint{};  // of what the request asks for
};

}  // namespace interaction::call
