#pragma once

#include "absl/time/time.h"
#include "server/http/client.h"

namespace interaction::http {

// Sets every option of an easy handle that is the same for all transfers of an endpoint, but the callbacks. Returns the
// first CURLcode that is not 0.
int ApplyEasyOptions(void* easy, const EndpointOptions& options);

// The value of CURLOPT_MAXAGE_CONN with which no connection that was idle for longer than `limit` is used again.
// libcurl counts whole seconds and takes the option as the last one that is allowed: with 4, a connection that was idle
// for 4.9 s passes. It knows no limit below a second.
long WholeSecondsBelow(absl::Duration limit);

}  // namespace interaction::http
