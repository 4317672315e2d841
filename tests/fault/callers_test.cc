// Who may call: what callers prove, and what the policy makes of it. Nothing reaches the upstream for those who may
// not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "tests/fault/secure_server.h"
#include "tests/integration/answer_matchers.h"
#include "tests/integration/vendor_replies.h"
#include "tests/support/raw_upstream.h"

namespace interaction::testing {
namespace {

using grpc::StatusCode;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Pair;

constexpr char kRefused[] = "CALLER_UNAUTHENTICATED";
constexpr char kNotAllowed[] = "CALLER_NOT_ALLOWED";

class CallersTest : public ::testing::Test {
 protected:
  RawUpstream upstream_{Always({RespondJson(200, kOk)})};
  SecureServer server_{upstream_.url()};
};

TEST_F(CallersTest, EachProofLetsItsCallerIn) {
  EXPECT_THAT(server_.Client(server_.Workload("billing"))->CreateVsp(server_.Vsp()), Succeeds());
  EXPECT_THAT(server_.Client()->CreateVsp(server_.Vsp(), WithToken(server_.Token())), Succeeds());
  EXPECT_THAT(server_.Client()->CreateVsp(server_.Vsp(), WithApiKey(kApiKey)), Succeeds());
  EXPECT_EQ(upstream_.counts().requests, 3u);
}

TEST_F(CallersTest, WhoProvesNothingIsTurnedAway) {
  const VspAnswer answer = server_.Client()->CreateVsp(server_.Vsp());
  EXPECT_THAT(answer, IsError(StatusCode::UNAUTHENTICATED, kRefused, "not_applied"));
  EXPECT_THAT(answer.metadata, AllOf(Contains(Pair("phase", "authorize")),
                                     Contains(Pair("detail", HasSubstr("a token in metadata authorization")))));
  EXPECT_EQ(upstream_.counts().requests, 0u);
}

TEST_F(CallersTest, ACertificateOfAnotherWorkloadIsNotEnough) {
  const VspAnswer answer = server_.Client(server_.Workload("sales"))->CreateVsp(server_.Vsp());
  EXPECT_THAT(answer, IsError(StatusCode::PERMISSION_DENIED, kNotAllowed, "not_applied"));
  EXPECT_THAT(answer.metadata, Contains(Pair("caller", "certificate:spiffe://example.org/sales")));
  EXPECT_THAT(server_.process().WaitForLine(kNotAllowed).value_or(""),
              HasSubstr("\"caller\":\"certificate:spiffe://example.org/sales\""));
  EXPECT_EQ(upstream_.counts().requests, 0u);
}

TEST_F(CallersTest, ACertificateThatDoesNotHoldEndsTheHandshake) {
  const TempDir other_dir;
  CertificateAuthority other(&other_dir);
  const CertificateOptions workload = {.dns_names = {}, .ip_addresses = {}, .uris = {"spiffe://example.org/billing"}};
  CertificateOptions expired = ExpiredCertificate();
  expired.uris = workload.uris;
  for (const KeyPairFiles& certificate : {other.Issue("other", workload), server_.authority().Issue("expired", expired),
                                          SelfSigned(other_dir, "self", workload)}) {
    EXPECT_EQ(server_.Client(certificate)->CreateVsp(server_.Vsp(), WithDeadline(absl::Seconds(2))).status.error_code(),
              StatusCode::UNAVAILABLE);
  }
  EXPECT_EQ(upstream_.counts().requests, 0u);
}

TEST_F(CallersTest, ATokenOrKeyThatDoesNotHoldIsTurnedAway) {
  const auto client = server_.Client();
  const auto call = [&](const CallSetup& setup) { return client->CreateVsp(server_.Vsp(), setup); };
  const SigningKey forged("one", SigningKey::Kind::kP256);
  const auto is_refused = IsError(StatusCode::UNAUTHENTICATED, kRefused, "not_applied");
  EXPECT_THAT(call(WithToken(server_.Token({.expires_in = -absl::Minutes(1)}))), is_refused);
  EXPECT_THAT(call(WithToken(server_.Token({.audience = R"("other")"}))), is_refused);
  EXPECT_THAT(call(WithToken(forged.Sign(TokenClaims{}.Json(absl::Now())))), is_refused);
  EXPECT_THAT(call(WithToken(UnsignedToken(R"({"alg":"none"})", TokenClaims{}.Json(absl::Now())))), is_refused);
  EXPECT_THAT(call(WithToken("")), is_refused);
  EXPECT_THAT(call(WithApiKey("another key")), is_refused);
  EXPECT_EQ(upstream_.counts().requests, 0u);
}

// Otherwise anybody could learn by errors what the gateway accepts, and make it work for nothing.
TEST_F(CallersTest, TheMessageOfWhoIsTurnedAwayIsNotRead) {
  v1::CreateVspInteractionRequest request;
  EXPECT_THAT(server_.Client()->CreateVsp(request), IsError(StatusCode::UNAUTHENTICATED, kRefused, "not_applied"));
  EXPECT_THAT(server_.Client()->CreateVsp(request, WithApiKey(kApiKey)),
              IsError(StatusCode::INVALID_ARGUMENT, "INVALID_REQUEST", "not_applied"));
}

TEST_F(CallersTest, TheRuleSaysWhichRpcsAndServers) {
  server_.files().Put("policy.yaml",
                      "callers:\n"
                      "  - name: routing\n"
                      "    identities: [\"api_key:billing\"]\n"
                      "    rpcs: [AddWolkvoxInteraction]\n"
                      "    wolkvox_servers: [\"0042\"]\n");
  ASSERT_THAT(server_.Reload(), HasSubstr("configuration reloaded"));
  const auto client = server_.Client();
  EXPECT_THAT(client->CreateVsp(server_.Vsp(), WithApiKey(kApiKey)),
              IsError(StatusCode::PERMISSION_DENIED, kNotAllowed, "not_applied"));
  upstream_.OnRequest(Always({RespondJson(201, kWolkvoxOk)}));
  EXPECT_THAT(client->AddWolkvox(server_.Wolkvox("0042"), WithApiKey(kApiKey)), Succeeds());
  // Not even that the gateway has no token for it.
  const v1::AddWolkvoxInteractionRequest other = server_.Wolkvox("0043");
  const WolkvoxAnswer refused = client->AddWolkvox(other, WithApiKey(kApiKey));
  EXPECT_THAT(refused, IsError(StatusCode::PERMISSION_DENIED, kNotAllowed, "not_applied"));
  EXPECT_THAT(refused.metadata, AllOf(Contains(Pair("server", "0043")), Contains(Pair("rule", "routing"))));
  EXPECT_EQ(upstream_.counts().requests, 1u);
}

TEST_F(CallersTest, TheRuleSaysHowManyCallsASecond) {
  server_.files().Put("policy.yaml", server_.Policy("    calls_per_second: 0.1\n    burst: 3\n"));
  ASSERT_THAT(server_.Reload(), HasSubstr("configuration reloaded"));
  const auto client = server_.Client();
  for (int i = 0; i < 3; ++i) EXPECT_THAT(client->CreateVsp(server_.Vsp(), WithApiKey(kApiKey)), Succeeds());
  const VspAnswer refused = client->CreateVsp(server_.Vsp(), WithToken(server_.Token()));
  EXPECT_THAT(refused, IsError(StatusCode::RESOURCE_EXHAUSTED, "CALLER_RATE_LIMITED", "not_applied"));
  ASSERT_TRUE(refused.retry_after.has_value());
  EXPECT_GT(*refused.retry_after, absl::ZeroDuration());
  EXPECT_LE(*refused.retry_after, absl::Seconds(10));
  EXPECT_EQ(upstream_.counts().requests, 3u);
}

TEST_F(CallersTest, ARecordBelongsToItsCaller) {
  server_.files().Put("policy.yaml", server_.Policy("  - name: sales\n"
                                                    "    identities: [\"token:sales\"]\n"
                                                    "    rpcs: [CreateVspInteraction]\n"));
  ASSERT_THAT(server_.Reload(), HasSubstr("configuration reloaded"));
  v1::CreateVspInteractionRequest request = server_.Vsp();
  request.set_request_id("2f1d1a8e-2b54-4b36-9a58-3f6a1f0d9f11");
  const auto client = server_.Client();
  const VspAnswer of_billing = client->CreateVsp(request, WithToken(server_.Token()));
  const VspAnswer of_sales = client->CreateVsp(request, WithToken(server_.Token({.subject = "sales"})));
  ASSERT_THAT(of_billing, Succeeds());
  ASSERT_THAT(of_sales, Succeeds());
  EXPECT_FALSE(of_sales.replayed);
  EXPECT_EQ(upstream_.counts().requests, 2u);
  EXPECT_THAT(client->CreateVsp(request, WithToken(server_.Token({.subject = "sales"}))), IsReplayed());
  EXPECT_THAT(client->CreateVsp(request, WithToken(server_.Token())), IsReplayed());
  // With another kind of proof it is another caller, whatever its name.
  EXPECT_THAT(client->CreateVsp(request, WithApiKey(kApiKey)), ::testing::Not(IsReplayed()));
  EXPECT_EQ(upstream_.counts().requests, 3u);
}

TEST_F(CallersTest, HealthIsForEverybody) {
  grpc::SslCredentialsOptions options{
      .pem_root_certs = Contents(server_.authority().ca_file()), .pem_private_key = "", .pem_cert_chain = ""};
  grpc::ChannelArguments arguments;
  arguments.SetSslTargetNameOverride("localhost");
  const auto channel = grpc::CreateCustomChannel(server_.address(), grpc::SslCredentials(options), arguments);
  grpc::ClientContext context;
  grpc::health::v1::HealthCheckResponse response;
  EXPECT_TRUE(grpc::health::v1::Health::NewStub(channel)->Check(&context, {}, &response).ok());
  EXPECT_EQ(response.status(), grpc::health::v1::HealthCheckResponse::SERVING);
}

class ForwardedTest : public ::testing::Test {
 protected:
  RawUpstream upstream_{Always({RespondJson(200, kOk)})};
};

// A mesh's proxy on the same machine ends TLS.
TEST_F(ForwardedTest, AProxyThatIsListedTellsWhoCalls) {
  SecureServer server(upstream_.url(), {"callers.forwarded_from=127.0.0.0/8"});
  const auto client = server.Client();
  const auto call = [&](const std::string& forwarded) {
    return client->CreateVsp(server.Vsp(), WithMetadata("x-forwarded-client-cert", forwarded));
  };
  EXPECT_THAT(call("By=spiffe://example.org/gateway;Hash=0a;URI=spiffe://example.org/billing"), Succeeds());
  EXPECT_THAT(call("URI=spiffe://example.org/billing,URI=spiffe://example.org/sales"),
              IsError(StatusCode::PERMISSION_DENIED, kNotAllowed, "not_applied"))
      << "a caller may have sent the first itself";
  EXPECT_THAT(call("Hash=0a"), IsError(StatusCode::UNAUTHENTICATED, kRefused, "not_applied"));
}

TEST_F(ForwardedTest, NobodyElsesWordCounts) {
  SecureServer server(upstream_.url(), {"callers.forwarded_from=10.0.0.0/8"});
  const VspAnswer answer = server.Client()->CreateVsp(
      server.Vsp(), WithMetadata("x-forwarded-client-cert", "URI=spiffe://example.org/billing"));
  EXPECT_THAT(answer, IsError(StatusCode::UNAUTHENTICATED, kRefused, "not_applied"));
  EXPECT_EQ(upstream_.counts().requests, 0u);
}

TEST(RequiredCertificateTest, WhoHasNoneIsTurnedAwayInTheHandshake) {
  RawUpstream upstream(Always({RespondJson(200, kOk)}));
  SecureServer server(upstream.url(), {"server.tls_client_certificates=required"});
  EXPECT_EQ(server.Client()
                ->CreateVsp(server.Vsp(),
                            [&](grpc::ClientContext& context) {
                              WithApiKey(kApiKey)(context);
                              WithDeadline(absl::Seconds(2))(context);
                            })
                .status.error_code(),
            StatusCode::UNAVAILABLE);
  EXPECT_THAT(server.Client(server.Workload("billing"))->CreateVsp(server.Vsp()), Succeeds());
  EXPECT_EQ(upstream.counts().requests, 1u);
}

}  // namespace
}  // namespace interaction::testing
