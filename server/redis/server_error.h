#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace interaction::redis {

// The status of an error reply such as "WRONGTYPE Operation against a key ...". Of the text only the leading word is
// kept, because Redis may repeat arguments of the command in it, a password included. The codes:
//
//   NOSCRIPT                                           NOT_FOUND
//   WRONGTYPE                                          FAILED_PRECONDITION
//   OOM                                                RESOURCE_EXHAUSTED
//   NOAUTH, WRONGPASS                                  UNAUTHENTICATED
//   NOPERM                                             PERMISSION_DENIED
//   READONLY, LOADING, BUSY, MOVED, CLUSTERDOWN, ...   UNAVAILABLE
//   all others                                         INTERNAL
//
// A script that calls what its user may not is NOPERM, too, although Redis begins that reply with ERR.
absl::Status ServerError(absl::string_view text);

// Whether `status` came of an error reply, or says so at its end.
bool IsRefusal(const absl::Status& status);

// The leading word of the error reply that `status` came of; "" if it did not come of one.
absl::string_view WordOf(const absl::Status& status);

// Whether `status` came of an error reply with this leading word: HasWord(status, "NOSCRIPT").
bool HasWord(const absl::Status& status, absl::string_view word);

}  // namespace interaction::redis
