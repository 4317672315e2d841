#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace interaction::redis {

// The status of an error reply such as "WRONGTYPE Operation against a key ...". Only the leading word of the text is
// kept, because Redis may repeat arguments of the command in it, even a password. The codes:
//
//   NOSCRIPT                                           NOT_FOUND
//   WRONGTYPE                                          FAILED_PRECONDITION
//   OOM                                                RESOURCE_EXHAUSTED
//   NOAUTH, WRONGPASS                                  UNAUTHENTICATED
//   NOPERM                                             PERMISSION_DENIED
//   READONLY, LOADING, BUSY, MOVED, CLUSTERDOWN, ...   UNAVAILABLE
//   all others                                         INTERNAL
//
// A script that calls a command its user may not run is NOPERM, too, although Redis begins that reply with ERR.
absl::Status ServerError(absl::string_view text);

// Whether `status` was made from an error reply, or says so at its end.
bool IsRefusal(const absl::Status& status);

// The leading word of the error reply that `status` was made from; "" if it was not.
absl::string_view WordOf(const absl::Status& status);

// Whether `status` was made from an error reply with this leading word: HasWord(status, "NOSCRIPT").
bool HasWord(const absl::Status& status, absl::string_view word);

}  // namespace interaction::redis
