#pragma once

#include <string>

namespace interaction::rpc {

// How a call ends, as gRPC's protocol sends it.
struct RpcStatus {
  int code = 0;         // google.rpc.Code; 0: OK
  std::string message;  // UTF-8; the transport escapes it
  std::string details;  // a serialized google.rpc.Status for grpc-status-details-bin; "": none

  bool ok() const { return code == 0; }
};

}  // namespace interaction::rpc
