#pragma once

#include <grpcpp/support/status.h>

#include <string>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace interaction::testing {

// A google.rpc.Status with `details`, as the gateway sends it.
template <typename... Details>
google::rpc::Status RpcStatus(grpc::StatusCode code, const std::string& message, const Details&... details) {
  google::rpc::Status status;
  status.set_code(code);
  status.set_message(message);
  (status.add_details()->PackFrom(details), ...);
  return status;
}

inline grpc::Status ToGrpc(const google::rpc::Status& status) {
  return {static_cast<grpc::StatusCode>(status.code()), status.message(), status.SerializeAsString()};
}

}  // namespace interaction::testing
