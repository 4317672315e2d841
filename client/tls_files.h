#pragma once

#include <grpcpp/security/credentials.h>

#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "interaction/client.h"

namespace interaction {

// Credentials of a channel: plaintext without `tls`. The files are read and checked here, because gRPC would notice a
// bad file late and report it in its own log only. Errors name the file:
//   INVALID_ARGUMENT  one of certificate and key without the other, or a file with the wrong content
//   NOT_FOUND         a file cannot be read
absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MakeCredentials(const std::optional<TlsFiles>& tls);

}  // namespace interaction
