#pragma once

#include <google/protobuf/descriptor.h>

#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"

namespace interaction::rpc {

// The .proto files that reflection tells of, as protoc wrote them: with comments and json_name, which the descriptors
// in generated code lack. Does not change; thread-safe.
class FileDescriptors {
 public:
  // `descriptor_set`: a serialized google.protobuf.FileDescriptorSet, each file after those that it imports.
  explicit FileDescriptors(absl::string_view descriptor_set);

  // To find files, types and extensions in.
  const google::protobuf::DescriptorPool& pool() const { return pool_; }

  // The serialized FileDescriptorProto of a file of the pool.
  const std::string& BytesOf(const google::protobuf::FileDescriptor* file) const { return bytes_.at(file); }

 private:
  google::protobuf::DescriptorPool pool_;
  absl::flat_hash_map<const google::protobuf::FileDescriptor*, std::string> bytes_;
};

}  // namespace interaction::rpc
