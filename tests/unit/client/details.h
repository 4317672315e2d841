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

// What the gateway says in each of its errors.
inline google::rpc::ErrorInfo Info(const std::string& reason, const std::string& outcome) {
  google::rpc::ErrorInfo info;
  info.set_reason(reason);
  info.set_domain("interaction.v1.InteractionService");
  (*info.mutable_metadata())["outcome"] = outcome;
  return info;
}

inline grpc::Status ToGrpc(const google::rpc::Status& status) {
  return {static_cast<grpc::StatusCode>(status.code()), status.message(), status.SerializeAsString()};
}

}  // namespace interaction::testing
