// Requests that break the contract: refused with the field's name before a socket is opened.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/escaping.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "tests/integration/answer_matchers.h"
#include "tests/integration/gateway.h"
#include "tests/support/matchers.h"
#include "tests/support/raw_h2.h"
#include "tests/support/raw_upstream.h"

namespace interaction::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;

using Fields = std::vector<std::string>;

auto IsInvalid() { return IsError(grpc::StatusCode::INVALID_ARGUMENT, "INVALID_REQUEST", "not_applied"); }

struct Value {
  const char* name;
  std::string text;
};
std::string NameOfValue(const ::testing::TestParamInfo<Value>& info) { return info.param.name; }

class BadCredentialTest : public ::testing::TestWithParam<Value> {};

TEST_P(BadCredentialTest, IsRefusedAndNothingIsSent) {
  RawUpstream upstream(Always({RespondJson(200, "{}")}));
  const TestGateway gateway(upstream.url());
  auto vsp = TestGateway::ValidVsp();
  vsp.set_app_access_key(GetParam().text);
  EXPECT_THAT(gateway.CreateVsp(vsp), AllOf(IsInvalid(), NamesFields(Fields{"app_access_key"})));
  auto wolkvox = TestGateway::ValidWolkvox();
  wolkvox.set_wolkvox_token(GetParam().text);
  EXPECT_THAT(gateway.AddWolkvox(wolkvox), AllOf(IsInvalid(), NamesFields(Fields{"wolkvox_token"})));
  EXPECT_EQ(upstream.counts().connections, 0u);
}

INSTANTIATE_TEST_SUITE_P(Bytes, BadCredentialTest,
                         ::testing::Values(Value{"Cr", "token\rX: 1"}, Value{"Lf", "token\nX: 1"},
                                           Value{"Crlf", "token\r\nX-Injected: 1"},
                                           Value{"Nul", std::string("tok\0en", 6)}, Value{"Delete", "tok\x7f"},
                                           Value{"Utf8", "tokén"}, Value{"Blank", " token"}),
                         NameOfValue);

class BadServerTest : public ::testing::TestWithParam<Value> {};

TEST_P(BadServerTest, IsRefusedAndNoSocketIsOpened) {
  RawUpstream upstream(Always({RespondJson(200, "{}")}));
  const TestGateway gateway(upstream.url());
  auto request = TestGateway::ValidWolkvox();
  request.set_wolkvox_server(GetParam().text);
  EXPECT_THAT(gateway.AddWolkvox(request), AllOf(IsInvalid(), NamesFields(Fields{"wolkvox_server"})));
  EXPECT_EQ(upstream.counts().connections, 0u);
}

INSTANTIATE_TEST_SUITE_P(Names, BadServerTest,
                         ::testing::Values(Value{"UserInfo", "0001@127.0.0.1:1#"}, Value{"OtherHost", "0001.evil.com/"},
                                           Value{"DotDot", ".."}, Value{"AddressLiteral", "[::1]"},
                                           Value{"Percent", "0001%2f"}, Value{"FullWidthDigits", "０００１"},
                                           Value{"Empty", ""}, Value{"TooLong", std::string(300, 'a')},
                                           Value{"LeadingHyphen", "-0001"}),
                         NameOfValue);

TEST(InvalidRequestTest, AnUpperCaseServerIsLowered) {
  RawUpstream upstream(Always({RespondJson(201, R"({"code":"201","error":null,"msg":""})")}));
  const TestGateway gateway(upstream.url());
  auto request = TestGateway::ValidWolkvox();
  request.set_wolkvox_server("AB12");
  EXPECT_THAT(gateway.AddWolkvox(request), Succeeds());
  EXPECT_THAT(upstream.requests().at(0).headers, HasHeader("wolkvox_server", "ab12"));
}

TEST(InvalidRequestTest, AllViolationsAreReportedAtOnce) {
  RawUpstream upstream(Always({RespondJson(200, "{}")}));
  const TestGateway gateway(upstream.url());
  v1::CreateVspInteractionRequest vsp;
  vsp.set_tenant_key("not a guid");
  EXPECT_THAT(gateway.CreateVsp(vsp),
              AllOf(IsInvalid(), NamesFields(Fields{"app_access_key", "interaction_identity", "interaction_name",
                                                    "account_id", "contact_id", "tenant_key"})));
  EXPECT_THAT(gateway.AddWolkvox(v1::AddWolkvoxInteractionRequest()),
              AllOf(IsInvalid(),
                    NamesFields(Fields{"sender", "recipient", "routing_point_id", "wolkvox_server", "wolkvox_token"})));
  EXPECT_EQ(upstream.counts().connections, 0u);
}

// White space is what the vendors' framework calls so: U+0085 and U+3000 are, a zero width space is not.
class BlankTest : public ::testing::TestWithParam<Value> {};

TEST_P(BlankTest, IsNoValueOfARequiredString) {
  RawUpstream upstream(Always({RespondJson(200, "{}")}));
  const TestGateway gateway(upstream.url());
  auto vsp = TestGateway::ValidVsp();
  vsp.set_interaction_identity(GetParam().text);
  vsp.set_interaction_name(GetParam().text);
  EXPECT_THAT(gateway.CreateVsp(vsp),
              AllOf(IsInvalid(), NamesFields(Fields{"interaction_identity", "interaction_name"})));
  auto wolkvox = TestGateway::ValidWolkvox();
  wolkvox.set_sender(GetParam().text);
  wolkvox.set_recipient(GetParam().text);
  wolkvox.set_routing_point_id(GetParam().text);
  EXPECT_THAT(gateway.AddWolkvox(wolkvox),
              AllOf(IsInvalid(), NamesFields(Fields{"sender", "recipient", "routing_point_id"})));
  EXPECT_EQ(upstream.counts().connections, 0u);
}

INSTANTIATE_TEST_SUITE_P(Kinds, BlankTest,
                         ::testing::Values(Value{"Tab", "\t"}, Value{"Blanks", "   "}, Value{"LineEnds", "\r\n"},
                                           Value{"NextLine", "\u0085"}, Value{"NoBreakSpace", "\u00a0"},
                                           Value{"IdeographicSpace", "\u3000"}, Value{"Mixed", " \t\u2003\u2028"}),
                         NameOfValue);

TEST(InvalidRequestTest, ARefusedRequestIsAnsweredWithItsRequestIdWhereThatIsValid) {
  constexpr char kId[] = "7d444840-9dc0-11d1-b245-5ffdce74fad2";
  RawUpstream upstream(Always({RespondJson(200, "{}")}));
  const TestGateway gateway(upstream.url());
  auto request = TestGateway::ValidVsp();
  request.clear_account_id();
  request.set_request_id("7D444840-9DC0-11D1-B245-5FFDCE74FAD2");
  const auto by_field = gateway.CreateVsp(request);
  EXPECT_THAT(by_field, IsInvalid());
  EXPECT_EQ(by_field.metadata.at("requestId"), kId);

  const auto with_key = [&](grpc::ClientContext& context) { context.AddMetadata("idempotency-key", kId); };
  request.clear_request_id();
  EXPECT_EQ(gateway.CreateVsp(request, with_key).metadata.at("requestId"), kId);

  request.set_request_id("not a uuid");
  EXPECT_EQ(gateway.CreateVsp(request).metadata.count("requestId"), 0u);
}

class UnparsableTest : public ::testing::TestWithParam<Value> {};

TEST_P(UnparsableTest, IsInvalidArgumentWithDetails) {
  RawUpstream upstream(Always({RespondJson(200, "{}")}));
  const TestGateway gateway(upstream.url());
  RawH2Client client(gateway.port());
  const auto reply = client.Call(
      {.path = "/interaction.v1.InteractionService/CreateVspInteraction", .body = GrpcMessage(GetParam().text)});
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->Trailer("grpc-status"), "3");
  std::string bytes;
  ASSERT_TRUE(absl::Base64Unescape(reply->Trailer("grpc-status-details-bin"), &bytes));
  google::rpc::Status status;
  ASSERT_TRUE(status.ParseFromString(bytes));
  google::rpc::ErrorInfo info;
  ASSERT_TRUE(status.details(0).UnpackTo(&info));
  EXPECT_EQ(info.reason(), "MALFORMED_REQUEST");
  EXPECT_EQ(upstream.counts().connections, 0u);
}

INSTANTIATE_TEST_SUITE_P(Bytes, UnparsableTest,
                         ::testing::Values(Value{"Garbage", "\xff\xff\xff\xff garbage"},
                                           Value{"Truncated", "\x12\x7f short"},
                                           Value{"InvalidUtf8", std::string("\x12\x02\xc3\x28")}),
                         NameOfValue);

}  // namespace
}  // namespace interaction::testing
