#pragma once

#include "server/http/client.h"

namespace interaction::http {

// Sets every option of an easy handle that is the same for all transfers of an endpoint, but the callbacks. Returns the
// first CURLcode that is not 0.
int ApplyEasyOptions(void* easy, const EndpointOptions& options);

}  // namespace interaction::http
