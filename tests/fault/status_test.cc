// Every HTTP status an upstream can answer with, end to end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <string>
#include <vector>

#include "tests/integration/answer_matchers.h"
#include "tests/integration/gateway.h"
#include "tests/support/raw_upstream.h"

namespace interaction::testing {
namespace {

struct Verdict {
  grpc::StatusCode code;
  const char* reason;
  const char* outcome;
};

// The table of docs/errors.md, by status, for a credential of the caller's and a JSON body that says nothing.
Verdict Expected(int status) {
  using grpc::StatusCode;
  static const auto* const kSingle = new std::map<int, Verdict>{
      {303, {StatusCode::UNKNOWN, "UPSTREAM_REDIRECT", "unknown"}},
      {400, {StatusCode::INVALID_ARGUMENT, "UPSTREAM_REJECTED_ARGUMENT", "not_applied"}},
      {401, {StatusCode::UNAUTHENTICATED, "UPSTREAM_CREDENTIALS_REJECTED", "not_applied"}},
      {403, {StatusCode::PERMISSION_DENIED, "UPSTREAM_PERMISSION_DENIED", "not_applied"}},
      {404, {StatusCode::NOT_FOUND, "UPSTREAM_NOT_FOUND", "not_applied"}},
      {405, {StatusCode::INTERNAL, "UPSTREAM_CONTRACT_MISMATCH", "not_applied"}},
      {406, {StatusCode::INTERNAL, "UPSTREAM_CONTRACT_MISMATCH", "not_applied"}},
      {407, {StatusCode::FAILED_PRECONDITION, "EGRESS_PROXY_AUTH", "not_applied"}},
      {408, {StatusCode::DEADLINE_EXCEEDED, "UPSTREAM_REQUEST_TIMEOUT", "unknown"}},
      {409, {StatusCode::ABORTED, "UPSTREAM_CONFLICT", "not_applied"}},
      {410, {StatusCode::FAILED_PRECONDITION, "UPSTREAM_ENDPOINT_NOT_FOUND", "not_applied"}},
      {411, {StatusCode::INTERNAL, "UPSTREAM_CONTRACT_MISMATCH", "not_applied"}},
      {412, {StatusCode::FAILED_PRECONDITION, "UPSTREAM_PRECONDITION", "not_applied"}},
      {413, {StatusCode::INVALID_ARGUMENT, "UPSTREAM_PAYLOAD_TOO_LARGE", "not_applied"}},
      {414, {StatusCode::INTERNAL, "UPSTREAM_CONTRACT_MISMATCH", "not_applied"}},
      {415, {StatusCode::INTERNAL, "UPSTREAM_CONTRACT_MISMATCH", "not_applied"}},
      {417, {StatusCode::INTERNAL, "UPSTREAM_CONTRACT_MISMATCH", "not_applied"}},
      {422, {StatusCode::INVALID_ARGUMENT, "UPSTREAM_REJECTED_ARGUMENT", "not_applied"}},
      {425, {StatusCode::RESOURCE_EXHAUSTED, "UPSTREAM_RATE_LIMITED", "not_applied"}},
      {429, {StatusCode::RESOURCE_EXHAUSTED, "UPSTREAM_RATE_LIMITED", "not_applied"}},
      {431, {StatusCode::INTERNAL, "UPSTREAM_CONTRACT_MISMATCH", "not_applied"}},
      {500, {StatusCode::UNKNOWN, "UPSTREAM_INTERNAL_ERROR", "unknown"}},
      {501, {StatusCode::UNIMPLEMENTED, "UPSTREAM_UNIMPLEMENTED", "not_applied"}},
      {502, {StatusCode::UNKNOWN, "UPSTREAM_BAD_GATEWAY", "unknown"}},
      {503, {StatusCode::UNAVAILABLE, "UPSTREAM_UNAVAILABLE", "not_applied"}},
      {504, {StatusCode::DEADLINE_EXCEEDED, "UPSTREAM_GATEWAY_TIMEOUT", "unknown"}},
      {505, {StatusCode::UNIMPLEMENTED, "UPSTREAM_UNIMPLEMENTED", "not_applied"}},
  };
  if (const auto it = kSingle->find(status); it != kSingle->end()) return it->second;
  if (status >= 200 && status < 300) return {StatusCode::UNKNOWN, "UPSTREAM_MALFORMED_RESPONSE", "unknown"};
  if (status >= 300 && status < 400) return {StatusCode::FAILED_PRECONDITION, "UPSTREAM_REDIRECT", "not_applied"};
  if (status >= 400 && status < 500) return {StatusCode::FAILED_PRECONDITION, "UPSTREAM_REJECTED", "not_applied"};
  const bool front_end = (status >= 520 && status <= 527) || status == 598 || status == 599;
  if (front_end) return {StatusCode::UNKNOWN, "UPSTREAM_BAD_GATEWAY", "unknown"};
  return {StatusCode::UNKNOWN, "UPSTREAM_PROTOCOL_ERROR", "unknown"};
}

// 1xx are not final responses: 101 and the interim ones have tests of their own in tests/unit/http.
std::vector<int> FinalStatuses() {
  std::vector<int> statuses;
  for (int status = 200; status < 600; ++status) statuses.push_back(status);
  statuses.push_back(999);
  return statuses;
}

TEST(StatusTest, EveryFinalStatusIsAnsweredByTheTableAndSentOnce) {
  std::atomic<int> status{200};
  RawUpstream upstream([&](const RecordedRequest&) -> Script {
    const bool no_body = status == 204 || status == 304;
    if (no_body) return {Send("HTTP/1.1 " + std::to_string(status) + " None\r\n\r\n")};
    return {RespondJson(status, R"({"Message":"nothing"})")};
  });
  const TestGateway gateway(upstream.url(), [](config::Config& config) { config.calls.breaker = false; });
  size_t calls = 0;
  for (const int current : FinalStatuses()) {
    status = current;
    const VspAnswer answer = gateway.CreateVsp();
    const Verdict verdict = Expected(current);
    EXPECT_THAT(answer, IsError(verdict.code, verdict.reason, verdict.outcome)) << "HTTP " << current;
    EXPECT_EQ(answer.metadata.at("httpStatus"), std::to_string(current));
    EXPECT_EQ(upstream.counts().requests, ++calls) << "HTTP " << current;
  }
}

// 304 is left out: it has no body.
TEST(StatusTest, ARedirectOfEitherUpstreamIsOneWhateverItsBodySaysAndIsSentOnce) {
  std::atomic<int> status{300};
  std::string body;
  RawUpstream elsewhere(Always({RespondJson(200, "{}")}));
  RawUpstream upstream([&](const RecordedRequest&) -> Script {
    return {RespondJson(status, body, {{"Location", elsewhere.url()}})};
  });
  const TestGateway gateway(upstream.url(), [](config::Config& config) { config.calls.breaker = false; });
  size_t calls = 0;
  for (const int current : {300, 301, 302, 303, 305, 306, 307, 308}) {
    status = current;
    const Verdict verdict = Expected(current);
    const std::string code = std::to_string(current);
    for (const std::string& says :
         {R"({"code":)" + code + R"(,"error":null,"msg":"m"})", R"({"code":")" + code + R"(","error":"x","msg":"m"})",
          std::string(R"({"code":"201","error":null,"msg":"m"})"),
          std::string(R"({"code":403,"error":"FORBIDDEN","msg":"TOKEN LIMIT EXCEEDED"})"),
          std::string(R"({"InteractionId":"42"})"), std::string("moved")}) {
      body = says;
      EXPECT_THAT(gateway.AddWolkvox(), IsError(verdict.code, verdict.reason, verdict.outcome)) << code << says;
      EXPECT_EQ(upstream.counts().requests, ++calls) << code << says;
      EXPECT_THAT(gateway.CreateVsp(), IsError(verdict.code, verdict.reason, verdict.outcome)) << code << says;
      EXPECT_EQ(upstream.counts().requests, ++calls) << code << says;
    }
  }
  EXPECT_EQ(elsewhere.counts().connections, 0u);
}

TEST(StatusTest, ServiceUnavailableSaysWhenToRetry) {
  RawUpstream upstream(Always({RespondJson(503, "{}", {{"Retry-After", "7"}})}));
  const TestGateway gateway(upstream.url());
  EXPECT_EQ(gateway.CreateVsp().retry_after, absl::Seconds(7));
}

TEST(StatusTest, ARejectedCredentialOfTheGatewaysIsNotTheCallersFault) {
  RawUpstream upstream(Always({RespondJson(401, "{}")}));
  const TestGateway gateway(upstream.url(),
                            [](config::Config& config) { config.seethepro.app_access_key = Secret("canary-of-ours"); });
  auto request = TestGateway::ValidVsp();
  request.clear_app_access_key();
  const VspAnswer answer = gateway.CreateVsp(request);
  EXPECT_THAT(answer, IsError(grpc::StatusCode::FAILED_PRECONDITION, "UPSTREAM_CREDENTIALS_REJECTED", "not_applied"));
  EXPECT_TRUE(answer.has_precondition_failure);
}

TEST(StatusTest, ARejectionNamesTheFieldsOfTheProto) {
  for (const char* body :
       {R"({"Message":"The request is invalid.","ModelState":{"model.AccountId":["bad"],"model.TenantKey":["bad"]}})",
        R"({"title":"One or more validation errors occurred.","status":400,)"
        R"("errors":{"AccountId":["bad"],"$.tenantKey":["bad"]}})",
        R"({"accountId":["bad"],"tenantKey":["bad"]})"}) {
    RawUpstream upstream(Always({RespondJson(400, body)}));
    const TestGateway gateway(upstream.url());
    const VspAnswer answer = gateway.CreateVsp();
    EXPECT_THAT(answer, IsError(grpc::StatusCode::INVALID_ARGUMENT, "UPSTREAM_REJECTED_ARGUMENT", "not_applied"));
    EXPECT_THAT(answer, NamesFields(std::vector<std::string>{"account_id", "tenant_key"})) << body;
  }
}

}  // namespace
}  // namespace interaction::testing
