#include "server/rpc/file_descriptors.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.pb.h>
#include <gtest/gtest.h>

#include "interaction/descriptors.h"

namespace interaction::rpc {
namespace {

using google::protobuf::FieldDescriptorProto;
using google::protobuf::FileDescriptorProto;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Property;

class FileDescriptorsTest : public ::testing::Test {
 protected:
  // The file of `symbol`, as reflection tells it.
  FileDescriptorProto FileOf(const std::string& symbol) const {
    FileDescriptorProto file;
    const auto* found = files_.pool().FindFileContainingSymbol(symbol);
    EXPECT_TRUE(found != nullptr && file.ParseFromString(files_.BytesOf(found))) << symbol;
    return file;
  }

  const FileDescriptors files_{{reinterpret_cast<const char*>(kDescriptorSet), kDescriptorSetSize}};
};

TEST_F(FileDescriptorsTest, KeepsTheNameOfEachFieldInJson) {
  const FileDescriptorProto file = FileOf("interaction.v1.InteractionService");
  for (const auto& message : file.message_type()) {
    EXPECT_THAT(message.field(), Each(Property(&FieldDescriptorProto::json_name, Not(IsEmpty())))) << message.name();
  }
}

TEST_F(FileDescriptorsTest, KeepsTheCommentThatTellsAFieldsRule) {
  EXPECT_THAT(FileOf("interaction.v1.CreateVspInteractionRequest").source_code_info().DebugString(), HasSubstr("GUID"));
}

TEST_F(FileDescriptorsTest, KnowsEveryServiceAndTheDetailsOfErrorsWithTheirImports) {
  for (const char* symbol : {"grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
                             "grpc.reflection.v1alpha.ServerReflection", "google.rpc.Status", "google.rpc.ErrorInfo",
                             "google.rpc.BadRequest", "google.rpc.RetryInfo", "google.rpc.QuotaFailure",
                             "google.rpc.PreconditionFailure", "google.protobuf.Any", "google.protobuf.Duration"}) {
    EXPECT_NE(files_.pool().FindFileContainingSymbol(symbol), nullptr) << symbol;
  }
}

}  // namespace
}  // namespace interaction::rpc
