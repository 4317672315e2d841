// What arrives upstream, byte for byte, and what comes back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "tests/integration/answer_matchers.h"
#include "tests/integration/gateway.h"
#include "tests/support/matchers.h"
#include "tests/support/raw_upstream.h"

namespace interaction::testing {
namespace {

using ::testing::Not;

struct Text {
  const char* name;
  std::string text;
};

class AnyTextTest : public ::testing::TestWithParam<Text> {};

TEST_P(AnyTextTest, ReachesSeeTheProAsItIs) {
  const std::string& text = GetParam().text;
  RawUpstream upstream(Always({RespondJson(200, R"({"InteractionId":"1","CampaignKey":null,"InteractionUrl":""})")}));
  const TestGateway gateway(upstream.url());
  auto request = TestGateway::ValidVsp();
  request.set_interaction_identity("i" + text);
  request.set_interaction_name("n" + text);
  request.set_tenant_key("{F4528424-7736-4037-8C10-45FE6F1F5754}");
  request.set_group_key("fbd003c1c22143168569b66b1a48d66c");
  const VspAnswer answer = gateway.CreateVsp(request);
  EXPECT_THAT(answer, Succeeds());
  EXPECT_THAT(answer.reply, EqualsProto(R"pb(interaction_id: "1" interaction_url: "")pb"));
  const RecordedRequest sent = upstream.requests().at(0);
  EXPECT_EQ(sent.method, "POST");
  EXPECT_EQ(sent.target, "/api/vspinteraction/create");
  EXPECT_EQ(nlohmann::json::parse(sent.body), nlohmann::json({{"AppAccessKey", "canary-app-access-key"},
                                                              {"InteractionIdentity", "i" + text},
                                                              {"InteractionName", "n" + text},
                                                              {"AccountId", "6925ebd4-125d-4338-a736-99f4b5bcb3d7"},
                                                              {"ContactId", "3d6ab237-6e5e-4e4a-b76a-4ebe7d89b9e0"},
                                                              {"TenantKey", "f4528424-7736-4037-8c10-45fe6f1f5754"},
                                                              {"GroupKey", "fbd003c1-c221-4316-8569-b66b1a48d66c"}}));
}

TEST_P(AnyTextTest, ReachesWolkvoxAsItIs) {
  const std::string& text = GetParam().text;
  RawUpstream upstream(Always({RespondJson(201, R"({"code": "201", "error": null, "msg": "executed (\u00eb) "})")}));
  const TestGateway gateway(upstream.url());
  auto request = TestGateway::ValidWolkvox();
  request.set_sender("s" + text);
  request.set_sender_name("sn" + text);
  request.set_recipient("r" + text);
  request.set_recipient_name("rn" + text);
  request.set_subject("su" + text);
  request.set_body("b" + text);
  request.set_routing_point_id("p" + text);
  const WolkvoxAnswer answer = gateway.AddWolkvox(request);
  EXPECT_THAT(answer, Succeeds());
  EXPECT_THAT(answer.reply, EqualsProto(R"pb(code: 201 message: "executed (ë) ")pb"));
  const RecordedRequest sent = upstream.requests().at(0);
  EXPECT_EQ(sent.target, "/api/v2/configuration.php?api=add_interaction");
  EXPECT_THAT(sent.headers, HasHeader("wolkvox_server", "0042"));
  EXPECT_THAT(sent.headers, HasHeader("wolkvox-token", "canary-wolkvox-token"));
  EXPECT_EQ(nlohmann::json::parse(sent.body), nlohmann::json({{"from", "s" + text},
                                                              {"fromname", "sn" + text},
                                                              {"to", "r" + text},
                                                              {"toname", "rn" + text},
                                                              {"subject", "su" + text},
                                                              {"body", "b" + text},
                                                              {"rp_id", "p" + text}}));
}

INSTANTIATE_TEST_SUITE_P(Texts, AnyTextTest,
                         ::testing::Values(Text{"Ascii", " plain with blanks around "},
                                           Text{"Unicode", "Ñandú “çédille” 日本語 עברית"},
                                           Text{"Emoji", "👩‍👩‍👧‍👦🇪🇸"},
                                           Text{"Quotes", R"("quoted" \backslash\ 'single')"},
                                           Text{"Newlines", "one\ntwo\r\nthree\rfour\ttab"},
                                           Text{"Controls", std::string("\x01\x02\x1b\x1f\x7f\x00zero", 10)},
                                           Text{"LineSeparators", "a\u2028b\u2029c"},
                                           Text{"Markup", "<a href=\"x\">&amp;</a>"}),
                         [](const auto& row) { return row.param.name; });

TEST(TranslationTest, ABodyOf32KibiCharactersArrivesWhole) {
  RawUpstream upstream(Always({RespondJson(201, R"({"code":201,"error":null,"msg":""})")}));
  const TestGateway gateway(upstream.url());
  auto request = TestGateway::ValidWolkvox();
  std::string body;
  for (int i = 0; i < 32768; ++i) body += i % 3 == 0 ? "ñ" : i % 3 == 1 ? "\"" : "x";
  request.set_body(body);
  EXPECT_THAT(gateway.AddWolkvox(request), Succeeds());
  EXPECT_EQ(nlohmann::json::parse(upstream.requests().at(0).body).at("body"), body);
}

TEST(TranslationTest, NothingOfTheCallsMetadataGoesUpstreamButItsTrace) {
  RawUpstream upstream(Always({RespondJson(200, R"({"InteractionId":"1"})")}));
  const TestGateway gateway(upstream.url());
  const std::string traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  EXPECT_THAT(gateway.CreateVsp([&](grpc::ClientContext& context) {
    context.AddMetadata("traceparent", traceparent);
    context.AddMetadata("x-request-id", "request-1");
    context.AddMetadata("authorization", "Bearer canary");
    context.AddMetadata("x-internal", "canary");
  }),
              Succeeds());
  const auto headers = upstream.requests().at(0).headers;
  EXPECT_THAT(headers, HasHeader("traceparent", traceparent));
  EXPECT_THAT(headers, HasHeader("x-request-id", "request-1"));
  for (const char* name : {"authorization", "x-internal", "user-agent", "grpc-accept-encoding", "te", "cookie"}) {
    EXPECT_THAT(headers, Not(HasHeader(name, ::testing::_))) << name;
  }
}

TEST(TranslationTest, AB3TraceReachesTheUpstreamAsW3c) {
  RawUpstream upstream(Always({RespondJson(200, R"({"InteractionId":"1"})")}));
  const TestGateway gateway(upstream.url());
  EXPECT_THAT(gateway.CreateVsp([](grpc::ClientContext& context) {
    context.AddMetadata("b3", "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1");
  }),
              Succeeds());
  EXPECT_THAT(upstream.requests().at(0).headers,
              HasHeader("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
}

}  // namespace
}  // namespace interaction::testing
