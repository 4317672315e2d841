#include "server/rpc/parse.h"

#include <vector>

#include "server/base/errors.h"

namespace interaction::rpc {
namespace {

bool Parse(const grpc::ByteBuffer& bytes, google::protobuf::MessageLite* message) {
  grpc::Slice slice;
  if (bytes.TrySingleSlice(&slice).ok() || bytes.DumpToSingleSlice(&slice).ok()) {
    return message->ParseFromArray(slice.begin(), static_cast<int>(slice.size()));
  }
  return bytes.Length() == 0;  // an empty message may come as no buffer at all
}

}  // namespace

absl::Status ParseRequest(const grpc::ByteBuffer& bytes, google::protobuf::MessageLite* message) {
  if (Parse(bytes, message)) return absl::OkStatus();
  return Error(Reason::kMalformedRequest).In(Phase::kParse);
}

}  // namespace interaction::rpc
