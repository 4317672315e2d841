#pragma once

#include <memory>
#include <string>
#include <vector>

#include "grpc/reflection/v1/reflection.grpc.pb.h"
#include "grpc/reflection/v1alpha/reflection.grpc.pb.h"
#include "server/lane/lane.h"
#include "server/rpc/call_life.h"
#include "server/rpc/file_descriptors.h"
#include "server/rpc/lane_service.h"

namespace interaction::rpc {

// grpc.reflection in both versions that tools ask for, on the lanes: gRPC 1.51's plugin knows v1alpha only and brings
// threads of the callback API with it, and describes fields without their comments and JSON names.
class ReflectionService final : public LaneService {
 public:
  // What is told.
  struct Content {
    std::vector<std::string> services;
    FileDescriptors files;
  };

  // Lists `services`, by their full names.
  explicit ReflectionService(std::vector<std::string> services);

  void Register(grpc::ServerBuilder* builder) override;
  void Start(lane::Lane* lane, LaneCalls* calls) override;

 private:
  const Content content_;
  grpc::reflection::v1::ServerReflection::AsyncService v1_;
  grpc::reflection::v1alpha::ServerReflection::AsyncService v1alpha_;
};

}  // namespace interaction::rpc
