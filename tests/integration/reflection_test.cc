// Reflection in both versions: what grpcurl, grpcui and their like ask.
#include <gmock/gmock.h>
#include <google/protobuf/descriptor.pb.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "grpc/reflection/v1/reflection.grpc.pb.h"
#include "grpc/reflection/v1alpha/reflection.grpc.pb.h"
#include "tests/integration/gateway.h"
#include "tests/support/raw_upstream.h"

namespace interaction::testing {
namespace {

using ::testing::Contains;
using ::testing::IsSupersetOf;

struct V1 {
  using Service = grpc::reflection::v1::ServerReflection;
  using Request = grpc::reflection::v1::ServerReflectionRequest;
  using Response = grpc::reflection::v1::ServerReflectionResponse;
};
struct V1Alpha {
  using Service = grpc::reflection::v1alpha::ServerReflection;
  using Request = grpc::reflection::v1alpha::ServerReflectionRequest;
  using Response = grpc::reflection::v1alpha::ServerReflectionResponse;
};

template <typename Version>
class ReflectionTest : public ::testing::Test {
 protected:
  ReflectionTest() : upstream_(Always({RespondJson(200, "{}")})), gateway_(upstream_.url()) {}

  typename Version::Response Ask(const typename Version::Request& request) {
    const auto stub = Version::Service::NewStub(gateway_.channel());
    grpc::ClientContext context;
    const auto stream = stub->ServerReflectionInfo(&context);
    typename Version::Response response;
    EXPECT_TRUE(stream->Write(request));
    EXPECT_TRUE(stream->Read(&response));
    stream->WritesDone();
    EXPECT_TRUE(stream->Finish().ok());
    return response;
  }

  // The names of the files in an answer.
  static std::vector<std::string> Files(const typename Version::Response& response) {
    std::vector<std::string> names;
    for (const std::string& bytes : response.file_descriptor_response().file_descriptor_proto()) {
      google::protobuf::FileDescriptorProto file;
      EXPECT_TRUE(file.ParseFromString(bytes));
      names.push_back(file.name());
    }
    return names;
  }

  RawUpstream upstream_;
  TestGateway gateway_;
};

using Versions = ::testing::Types<V1, V1Alpha>;
TYPED_TEST_SUITE(ReflectionTest, Versions);

TYPED_TEST(ReflectionTest, ListsTheServices) {
  typename TypeParam::Request request;
  request.set_list_services("");
  std::vector<std::string> names;
  const auto response = this->Ask(request);
  for (const auto& service : response.list_services_response().service()) names.push_back(service.name());
  EXPECT_THAT(names, IsSupersetOf({"interaction.v1.InteractionService", "grpc.health.v1.Health"}));
}

TYPED_TEST(ReflectionTest, FindsTheFileOfAServiceOfAMethodAndOfAMessage) {
  for (const char* symbol :
       {"interaction.v1.InteractionService", "interaction.v1.InteractionService.CreateVspInteraction",
        "interaction.v1.AddWolkvoxInteractionRequest"}) {
    typename TypeParam::Request request;
    request.set_file_containing_symbol(symbol);
    EXPECT_THAT(this->Files(this->Ask(request)), Contains("interaction/v1/interaction_service.proto")) << symbol;
  }
}

TYPED_TEST(ReflectionTest, FindsAFileByItsName) {
  typename TypeParam::Request request;
  request.set_file_by_filename("grpc/health/v1/health.proto");
  EXPECT_THAT(this->Files(this->Ask(request)), Contains("grpc/health/v1/health.proto"));
}

TYPED_TEST(ReflectionTest, TellsTheJsonNamesAndTheComments) {
  typename TypeParam::Request request;
  request.set_file_by_filename("interaction/v1/interaction_service.proto");
  const auto response = this->Ask(request);
  google::protobuf::FileDescriptorProto file;
  ASSERT_TRUE(file.ParseFromString(response.file_descriptor_response().file_descriptor_proto(0)));
  EXPECT_EQ(file.message_type(0).field(0).json_name(), "appAccessKey");
  EXPECT_GT(file.source_code_info().location_size(), 0);
}

TYPED_TEST(ReflectionTest, FindsTheDetailsOfErrorsAndWhatTheyImport) {
  typename TypeParam::Request request;
  request.set_file_containing_symbol("google.rpc.RetryInfo");
  EXPECT_THAT(this->Files(this->Ask(request)),
              IsSupersetOf({"google/rpc/error_details.proto", "google/protobuf/duration.proto"}));
}

TYPED_TEST(ReflectionTest, SaysSoWhenThereIsNoSuchSymbol) {
  typename TypeParam::Request request;
  request.set_file_containing_symbol("no.such.Symbol");
  const auto response = this->Ask(request);
  EXPECT_EQ(response.error_response().error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(response.original_request().file_containing_symbol(), "no.such.Symbol");
}

}  // namespace
}  // namespace interaction::testing
