#pragma once

#include <memory>
#include <string>
#include <vector>

#include "grpc/reflection/v1/reflection.grpc.pb.h"
#include "grpc/reflection/v1alpha/reflection.grpc.pb.h"
#include "server/lane/lane.h"
#include "server/rpc/call_life.h"
#include "server/rpc/file_descriptors.h"

namespace interaction::rpc {

// grpc.reflection in both versions that tools ask for, on the lanes: gRPC 1.51's plugin knows v1alpha only and brings
// threads of the callback API with it, and describes fields without their comments and JSON names.
class ReflectionService {
 public:
  // What is told.
  struct Content {
    std::vector<std::string> services;
    FileDescriptors files;
  };

  // Lists `services`, by their full names.
  explicit ReflectionService(std::vector<std::string> services);

  grpc::Service* v1() { return &v1_; }
  grpc::Service* v1alpha() { return &v1alpha_; }

  // Starts to accept calls; on the lane's thread.
  void Start(lane::Lane* lane, LaneCalls* calls);

 private:
  const Content content_;
  grpc::reflection::v1::ServerReflection::AsyncService v1_;
  grpc::reflection::v1alpha::ServerReflection::AsyncService v1alpha_;
};

}  // namespace interaction::rpc
