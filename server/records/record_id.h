#pragma once

#include "server/records/digest.h"

namespace interaction::records {

// Which record belongs to a call.
struct RecordId {
  Digest key{};          // of caller, method and request_id
  Digest fingerprint{};  // of what the request asks for
};

}  // namespace interaction::records
