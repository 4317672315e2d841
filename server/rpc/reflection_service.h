#pragma once

#include <string>
#include <vector>

#include "server/rpc/file_descriptors.h"
#include "server/rpc/service.h"

namespace interaction::rpc {

// grpc.reflection in both versions that tools ask for: v1 and v1alpha. Unlike gRPC's own plugin it describes fields
// with their comments and JSON names.
class ReflectionService final : public Service {
 public:
  struct Content {
    std::vector<std::string> services;
    FileDescriptors files;
  };

  // Lists `services`, by their full names.
  explicit ReflectionService(std::vector<std::string> services);

  void Register(Methods* methods) override;

 private:
  const Content content_;
};

}  // namespace interaction::rpc
