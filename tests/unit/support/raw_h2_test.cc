#include "tests/support/raw_h2.h"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>

#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/matchers.h"

namespace interaction::testing {
namespace {

constexpr char kCheck[] = "/grpc.health.v1.Health/Check";
constexpr char kWatch[] = "/grpc.health.v1.Health/Watch";
const char kServing[] = "\x08\x01";

// A server with gRPC's own health service; it does not implement anything else.
class RawH2Test : public ::testing::Test {
 protected:
  RawH2Test() {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::ServerBuilder builder;
    builder.RegisterCallbackGenericService(&everything_else_);
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    server_ = builder.BuildAndStart();
  }

  grpc::CallbackGenericService everything_else_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

TEST_F(RawH2Test, ReadsHeadersMessageAndTrailers) {
  RawH2Client client(port_);
  const absl::StatusOr<RawReply> reply = client.Call({.path = kCheck, .body = GrpcMessage("")});
  ASSERT_THAT(reply, IsOk());
  EXPECT_THAT(reply->headers, HasHeader(":status", "200"));
  EXPECT_EQ(reply->Message(), kServing);
  EXPECT_EQ(reply->Trailer("grpc-status"), "0");
}

TEST_F(RawH2Test, ReadsAnAnswerOfTrailersOnly) {
  RawH2Client client(port_);
  const absl::StatusOr<RawReply> reply = client.Call({.path = "/no.such.Service/Method", .body = GrpcMessage("")});
  ASSERT_THAT(reply, IsOk());
  EXPECT_EQ(reply->Trailer("grpc-status"), "12");
  EXPECT_EQ(reply->Message(), "");
}

TEST_F(RawH2Test, SendsATimeoutAsItIs) {
  RawH2Client client(port_);
  // gRPC ignores a timeout that is none; a client library would not send it.
  for (const char* timeout : {"abc", "-1S", ""}) {
    const absl::StatusOr<RawReply> reply =
        client.Call({.path = kCheck, .body = GrpcMessage(""), .grpc_timeout = timeout});
    ASSERT_THAT(reply, IsOk()) << timeout;
    EXPECT_EQ(reply->Trailer("grpc-status"), "0") << timeout;
  }
  // The stream of health changes would not end by itself.
  const absl::StatusOr<RawReply> reply = client.Call({.path = kWatch, .body = GrpcMessage(""), .grpc_timeout = "10m"});
  ASSERT_THAT(reply, IsOk());
  EXPECT_TRUE(reply->reset.has_value() || reply->Trailer("grpc-status") == "4");
}

TEST_F(RawH2Test, SendsBytesThatAreNoMessage) {
  RawH2Client client(port_);
  const absl::StatusOr<RawReply> reply = client.Call({.path = kCheck, .body = GrpcMessage("\xff\xff\xff")});
  ASSERT_THAT(reply, IsOk());
  EXPECT_NE(reply->Trailer("grpc-status"), "0");
}

TEST_F(RawH2Test, CarriesOnAfterACancelledStream) {
  RawH2Client client(port_);
  client.Cancel(client.Start({.path = kWatch, .body = GrpcMessage("")}));
  const absl::StatusOr<RawReply> reply = client.Call({.path = kCheck, .body = GrpcMessage("")});
  ASSERT_THAT(reply, IsOk());
  EXPECT_EQ(reply->Message(), kServing);
}

TEST_F(RawH2Test, SendsLongHeadersInSeveralFrames) {
  // gRPC applies its limit on metadata only once the client has acknowledged it.
  RawH2Client client(port_, /*acknowledge_settings=*/false);
  const std::string frame_and_a_half(24'000, 'x');
  const absl::StatusOr<RawReply> reply =
      client.Call({.path = kCheck, .body = GrpcMessage(""), .headers = {{"x-long", frame_and_a_half}}});
  ASSERT_THAT(reply, IsOk());
  EXPECT_EQ(reply->Message(), kServing);
}

TEST_F(RawH2Test, TellsThatTheServerHungUp) {
  RawH2Client client(port_);
  client.SendFrame(RawH2Client::kData, RawH2Client::kNone, 0, "DATA on stream 0 is an error of the connection");
  client.SendFrame(RawH2Client::kSettings, RawH2Client::kNone, 1, "and so are SETTINGS on a stream");
  EXPECT_THAT(client.Read(1), StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace interaction::testing
