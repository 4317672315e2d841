// Requests that are not accepted as they are: refused with a code that docs/errors.md lists, and nothing is sent. Also
// unknown methods.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "tests/integration/gateway.h"
#include "tests/support/raw_h2.h"
#include "tests/support/raw_upstream.h"

namespace interaction::testing {
namespace {

constexpr char kVspPath[] = "/interaction.v1.InteractionService/CreateVspInteraction";

std::string ValidBody() { return GrpcMessage(TestGateway::ValidVsp().SerializeAsString()); }

google::rpc::ErrorInfo ErrorInfoOf(const RawReply& reply) {
  std::string bytes;
  google::rpc::Status status;
  google::rpc::ErrorInfo info;
  EXPECT_TRUE(absl::Base64Unescape(reply.Trailer("grpc-status-details-bin"), &bytes));
  EXPECT_TRUE(status.ParseFromString(bytes));
  EXPECT_TRUE(status.details_size() > 0 && status.details(0).UnpackTo(&info));
  return info;
}

struct Refusal {
  const char* name;
  RawCall call;
  const char* status;
  const char* status_of_grpc = nullptr;  // on the gRPC library's server, if it is another one
};

class TransportRefusalTest : public ::testing::TestWithParam<Refusal> {};

TEST_P(TransportRefusalTest, HasTheCodeOfTheErrorsPageAndNothingIsSent) {
  RawUpstream upstream(Always({RespondJson(200, R"({"InteractionId":"1"})")}));
  const TestGateway gateway(upstream.url());
  RawH2Client client(gateway.port());
  const auto reply = client.Call(GetParam().call);
  ASSERT_TRUE(reply.ok()) << reply.status();
  const bool other = TransportUnderTest() == config::Transport::kGrpc && GetParam().status_of_grpc != nullptr;
  EXPECT_EQ(reply->Trailer("grpc-status"), other ? GetParam().status_of_grpc : GetParam().status)
      << reply->Trailer("grpc-message");
  EXPECT_EQ(upstream.counts().connections, 0u);
}

INSTANTIATE_TEST_SUITE_P(
    Calls, TransportRefusalTest,
    ::testing::Values(
        Refusal{"NoMessage", {.path = kVspPath}, "3"},
        Refusal{"HalfAPrefix", {.path = kVspPath, .body = ValidBody().substr(0, 3)}, "3"},
        Refusal{"HalfAMessage", {.path = kVspPath, .body = ValidBody().substr(0, ValidBody().size() - 3)}, "3"},
        Refusal{"BrokenGzip",
                {.path = kVspPath, .body = GrpcMessage("\x1f\x8b", 1), .headers = {{"grpc-encoding", "gzip"}}},
                "3",
                "12"},
        Refusal{"Deflate",
                {.path = kVspPath, .body = GrpcMessage("\x78\x9c", 1), .headers = {{"grpc-encoding", "deflate"}}},
                "12"}),
    [](const auto& row) { return row.param.name; });

// The gRPC library's server would decompress a message as a whole before it looks at its size.
TEST(CompressedRequestTest, IsAcceptedByTheGatewaysOwnTransportOnly) {
  RawUpstream upstream(Always({RespondJson(200, R"({"InteractionId":"1"})")}));
  const TestGateway gateway(upstream.url());
  RawH2Client client(gateway.port());
  const auto reply = client.Call({.path = kVspPath, .body = ValidBody(), .headers = {{"grpc-encoding", "gzip"}}});
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->Trailer("grpc-status"), TransportUnderTest() == config::Transport::kGrpc ? "12" : "0");
}

TEST(MessageSizeTest, AMessageOverTheLimitIsRefusedAndNothingIsSent) {
  RawUpstream upstream(Always({RespondJson(200, "{}")}));
  const TestGateway gateway(upstream.url());
  auto request = TestGateway::ValidVsp();
  request.set_interaction_name(std::string(300 << 10, 'x'));
  EXPECT_EQ(gateway.CreateVsp(request).status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(upstream.counts().connections, 0u);
}

TEST(AcceptedEncodingTest, AnswersAreNotCompressedNorAreRequestsAskedToBe) {
  RawUpstream upstream(Always({RespondJson(200, R"({"InteractionId":"1"})")}));
  const TestGateway gateway(upstream.url());
  RawH2Client client(gateway.port());
  const auto reply = client.Call(
      {.path = kVspPath, .body = ValidBody(), .headers = {{"grpc-accept-encoding", "gzip, deflate, identity"}}});
  ASSERT_TRUE(reply.ok()) << reply.status();
  for (const http::Header& header : reply->headers) {
    EXPECT_NE(header.name, "grpc-encoding");
    if (header.name == "grpc-accept-encoding") {
      EXPECT_EQ(header.value, "identity");
    }
  }
}

class UnknownMethodTest : public ::testing::TestWithParam<const char*> {};

TEST_P(UnknownMethodTest, IsUnimplementedWithDetailsAlthoughItsRequestIsNotRead) {
  RawUpstream upstream(Always({RespondJson(200, "{}")}));
  const TestGateway gateway(upstream.url());
  RawH2Client client(gateway.port());
  const auto reply = client.Call({.path = GetParam(), .body = ValidBody(), .end_stream = false});
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->Trailer("grpc-status"), "12");
  const google::rpc::ErrorInfo info = ErrorInfoOf(*reply);
  EXPECT_EQ(info.reason(), "UNKNOWN_METHOD");
  EXPECT_EQ(info.domain(), "interaction.v1.InteractionService");
  EXPECT_EQ(info.metadata().at("outcome"), "not_applied");
  EXPECT_EQ(upstream.counts().connections, 0u);
}

INSTANTIATE_TEST_SUITE_P(Paths, UnknownMethodTest,
                         ::testing::Values("/interaction.v1.InteractionService/NoSuchMethod",
                                           "/interaction.v2.InteractionService/CreateVspInteraction",
                                           "/no.such.Service/Method", "/"));

}  // namespace
}  // namespace interaction::testing
