#include "server/rpc/file_descriptors.h"

#include <google/protobuf/descriptor.pb.h>

#include <cassert>

namespace interaction::rpc {

FileDescriptors::FileDescriptors(absl::string_view descriptor_set) {
  google::protobuf::FileDescriptorSet files;
  files.ParseFromArray(descriptor_set.data(), static_cast<int>(descriptor_set.size()));
  for (const auto& file : files.file()) {
    const auto* built = pool_.BuildFile(file);
    assert(built != nullptr);
    bytes_.emplace(built, file.SerializeAsString());
  }
}

}  // namespace interaction::rpc
