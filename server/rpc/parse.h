#pragma once

#include <google/protobuf/message_lite.h>
#include <grpcpp/support/byte_buffer.h>

#include "absl/status/status.h"

namespace interaction::rpc {

// Parses a request, or answers MALFORMED_REQUEST: bytes that are not protobuf, or a string that is not UTF-8. gRPC's
// own parsing would answer a bare UNIMPLEMENTED.
absl::Status ParseRequest(const grpc::ByteBuffer& bytes, google::protobuf::MessageLite* message);

}  // namespace interaction::rpc
