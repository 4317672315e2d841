#pragma once

#include "absl/status/status.h"
#include "server/http/client.h"

namespace interaction::http {

// Whether the certificate files of an endpoint can be used: they are read and parsed, and key and certificate belong
// together. INVALID_ARGUMENT names the file that is wrong. libcurl itself would find out with the first connection
// only.
absl::Status CheckTlsFiles(const EndpointOptions& options);

}  // namespace interaction::http
