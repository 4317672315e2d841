#pragma once

#include "server/records/digest.h"

namespace interaction::records {

// Identifies the record of a call.
struct RecordId {
  Digest key{};          // of caller, method and request_id
  Digest fingerprint{};  // of the content of the request
};

}  // namespace interaction::records
