#include "sandbox/sandbox.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sandbox/all_vendors.h"

namespace interaction::sandbox {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

Request Control(std::string method, std::string target, std::string body = "") {
  return {.method = std::move(method), .target = std::move(target), .body = std::move(body)};
}

Request SeeThePro(absl::string_view name = "n") {
  return {.method = "POST",
          .target = "/api/vspinteraction/create",
          .headers = {{"Content-Type", "application/json"}},
          .body = absl::StrCat(R"({"AppAccessKey":"key-canary","InteractionIdentity":"i","InteractionName":")", name,
                               R"(","AccountId":"6925ebd4-125d-4338-a736-99f4b5bcb3d7",)",
                               R"("ContactId":"3d6ab237-6e5e-4e4a-b76a-4ebe7d89b9e0"})")};
}

Request Wolkvox(absl::string_view token, absl::string_view routing_point = "77") {
  return {.method = "POST",
          .target = "/api/v2/configuration.php?api=add_interaction",
          .headers = {{"wolkvox_server", "1"}, {"wolkvox-token", std::string(token)}},
          .body = absl::StrCat(R"({"from":"f","to":"t","subject":"","body":"","rp_id":")", routing_point, "\"}")};
}

std::string BodyOf(Sandbox& sandbox, Request request) { return sandbox.Arrive(std::move(request))->reply().body; }

int StatusOf(Sandbox& sandbox, Request request) { return sandbox.Arrive(std::move(request))->reply().status; }

TEST(SandboxTest, LeadsEachRequestToItsVendor) {
  Sandbox sandbox(AllVendors());
  EXPECT_THAT(BodyOf(sandbox, SeeThePro()), HasSubstr("InteractionId"));
  EXPECT_THAT(BodyOf(sandbox, Wolkvox("t")), HasSubstr("routing point was executed"));
}

TEST(SandboxTest, PlaysTheScenarioThatTheRequestAsksFor) {
  Sandbox sandbox(AllVendors());
  EXPECT_EQ(StatusOf(sandbox, SeeThePro("sandbox:rate-limited")), 429);
  EXPECT_EQ(StatusOf(sandbox, Wolkvox("t", "sandbox:status-502")), 502);
}

TEST(SandboxTest, RefusesAScenarioThatDoesNotExistInTheVendorsWords) {
  Sandbox sandbox(AllVendors());
  EXPECT_THAT(BodyOf(sandbox, SeeThePro("sandbox:boom")), HasSubstr(R"("model.InteractionName":["the sandbox has no)"));
  EXPECT_THAT(BodyOf(sandbox, Wolkvox("t", "sandbox:boom")), HasSubstr(R"({"code":"400","error":"BAD REQUEST")"));
}

TEST(SandboxTest, PlaysNoScenarioForARequestThatFailsAnyway) {
  Sandbox sandbox(AllVendors());
  EXPECT_EQ(StatusOf(sandbox, Wolkvox("invalid-token", "sandbox:status-502")), 403);
}

TEST(SandboxTest, RefusesTheThirdRequestOfATokenWhileTwoAreUnderWay) {
  Sandbox sandbox(AllVendors());
  const auto first = sandbox.Arrive(Wolkvox("t"));
  auto second = sandbox.Arrive(Wolkvox("t"));
  EXPECT_EQ(StatusOf(sandbox, Wolkvox("t")), 403);
  EXPECT_EQ(StatusOf(sandbox, Wolkvox("another")), 201);
  second.reset();
  EXPECT_EQ(StatusOf(sandbox, Wolkvox("t")), 201);
}

TEST(SandboxTest, DelaysEveryAnswerButARefusalForBeingTooMany) {
  Sandbox sandbox(AllVendors({.wolkvox = {.simultaneous = 1, .delay = absl::Seconds(1)}}));
  const auto first = sandbox.Arrive(Wolkvox("t"));
  const auto second = sandbox.Arrive(Wolkvox("t"));
  EXPECT_EQ(first->reply().delay, absl::Seconds(1));
  EXPECT_EQ(second->reply().delay, absl::ZeroDuration());
}

TEST(SandboxTest, AddsUpTheDelaysOfSettingScenarioAndFault) {
  Sandbox sandbox(AllVendors({.delay = absl::Milliseconds(1)}));
  sandbox.Arrive(Control("POST", "/sandbox/faults", R"({"delay_ms":20})"));
  EXPECT_EQ(sandbox.Arrive(SeeThePro("sandbox:slow-300"))->reply().delay, absl::Milliseconds(321));
}

TEST(SandboxTest, PlaysFaultsUponWhateverTheVendorAnswers) {
  Sandbox sandbox(AllVendors());
  EXPECT_EQ(StatusOf(sandbox, Control("POST", "/sandbox/faults", R"({"status":503,"fault":"truncated"})")), 200);
  const auto visit = sandbox.Arrive(Wolkvox("t"));
  EXPECT_EQ(visit->reply().status, 503);
  EXPECT_EQ(visit->reply().delivery, Delivery::kTruncated);
}

TEST(SandboxTest, LeavesItsOwnInterfaceOutOfFaultsAndCounters) {
  Sandbox sandbox(AllVendors());
  sandbox.Arrive(Control("POST", "/sandbox/faults", R"({"status":503})"));
  EXPECT_EQ(StatusOf(sandbox, Control("GET", "/sandbox/faults")), 200);
  EXPECT_THAT(BodyOf(sandbox, Control("GET", "/sandbox/stats")), HasSubstr(R"("seethepro":{"requests":0,)"));
}

TEST(SandboxTest, RefusesAWrongFaultAndKeepsWhatWasInForce) {
  Sandbox sandbox(AllVendors());
  EXPECT_EQ(StatusOf(sandbox, Control("POST", "/sandbox/faults", R"({"fault":"boom"})")), 400);
  EXPECT_EQ(StatusOf(sandbox, SeeThePro()), 200);
}

TEST(SandboxTest, SaysWhatThereIsWhenAskedForSomethingElse) {
  Sandbox sandbox(AllVendors());
  EXPECT_THAT(BodyOf(sandbox, Control("PUT", "/sandbox/nothing")), HasSubstr("/sandbox/stats"));
}

TEST(SandboxStatsTest, CountRequestsStatusesAndHowManyWereUnderWay) {
  Sandbox sandbox(AllVendors());
  {
    const auto first = sandbox.Arrive(Wolkvox("t"));
    const auto second = sandbox.Arrive(Wolkvox("t"));
    const auto third = sandbox.Arrive(Wolkvox("other"));
  }
  sandbox.Arrive(Wolkvox("invalid-token"));
  EXPECT_THAT(BodyOf(sandbox, Control("GET", "/sandbox/stats")),
              HasSubstr(R"("wolkvox":{"requests":4,"in_flight":0,"max_in_flight":3,"max_simultaneous_per_token":2,)"
                        R"("by_status":{"201":3,"403":1}})"));
}

TEST(SandboxStatsTest, StartAgainButForWhatIsUnderWay) {
  Sandbox sandbox(AllVendors());
  const auto waiting = sandbox.Arrive(Wolkvox("t"));
  sandbox.Arrive(Wolkvox("t"));
  sandbox.Arrive(Control("DELETE", "/sandbox/stats"));
  EXPECT_THAT(BodyOf(sandbox, Control("GET", "/sandbox/stats")),
              HasSubstr(R"("wolkvox":{"requests":0,"in_flight":1,"max_in_flight":1,)"));
}

TEST(SandboxRequestsTest, ShowWhatArrivedExactlyButForSecretHeaders) {
  Sandbox sandbox(AllVendors());
  Request request = Wolkvox("token-canary", "sandbox:bom");
  request.connection = 9;
  sandbox.Arrive(request);
  EXPECT_EQ(BodyOf(sandbox, Control("GET", "/sandbox/requests?last=1")),
            R"([{"number":1,"vendor":"wolkvox","connection":9,"method":"POST",)"
            R"("target":"/api/v2/configuration.php?api=add_interaction",)"
            R"("headers":[{"name":"wolkvox_server","value":"1"},{"name":"wolkvox-token","value":"***"}],)"
            R"("body":"{\"from\":\"f\",\"to\":\"t\",\"subject\":\"\",\"body\":\"\",\"rp_id\":\"sandbox:bom\"}",)"
            R"("status":201,"scenario":"bom"}])"
            "\n");
}

TEST(SandboxRequestsTest, ShowSecretsIfToldTo) {
  Sandbox sandbox(AllVendors(), {.show_secrets = true});
  sandbox.Arrive(Wolkvox("token-canary"));
  EXPECT_THAT(BodyOf(sandbox, Control("GET", "/sandbox/requests")), HasSubstr("token-canary"));
}

TEST(SandboxRequestsTest, ShowBodiesThatAreNotTextAsBase64) {
  Sandbox sandbox(AllVendors());
  Request request = SeeThePro();
  request.body = "\xFF\x01";
  sandbox.Arrive(request);
  EXPECT_THAT(BodyOf(sandbox, Control("GET", "/sandbox/requests")), HasSubstr(R"("body_base64":"/wE=")"));
}

TEST(SandboxRequestsTest, KeepTheLatest) {
  Sandbox sandbox(AllVendors(), {.keep_requests = 2});
  for (int i = 0; i < 3; ++i) sandbox.Arrive(SeeThePro());
  const std::string requests = BodyOf(sandbox, Control("GET", "/sandbox/requests"));
  EXPECT_THAT(requests, Not(HasSubstr(R"("number":1,)")));
  EXPECT_THAT(requests, HasSubstr(R"("number":2,)"));
  EXPECT_THAT(requests, HasSubstr(R"("number":3,)"));
}

TEST(SandboxRequestsTest, AreForgottenOnRequest) {
  Sandbox sandbox(AllVendors());
  sandbox.Arrive(SeeThePro());
  EXPECT_EQ(StatusOf(sandbox, Control("DELETE", "/sandbox/requests")), 204);
  EXPECT_EQ(BodyOf(sandbox, Control("GET", "/sandbox/requests")), "[]\n");
}

TEST(SandboxRequestsTest, WantANumberOfThem) {
  Sandbox sandbox(AllVendors());
  EXPECT_EQ(StatusOf(sandbox, Control("GET", "/sandbox/requests?last=all")), 400);
}

TEST(SandboxLogTest, HasOneLineForARequestAndNoSecret) {
  std::vector<std::string> lines;
  Sandbox sandbox(AllVendors(), {.log = [&](absl::string_view line) { lines.emplace_back(line); }});
  Request request = Wolkvox("token-canary", "sandbox:slow-20");
  request.target += "&token=query-canary";
  request.connection = 4;
  sandbox.Arrive(request);
  sandbox.Arrive(SeeThePro());
  EXPECT_THAT(lines, ElementsAre("wolkvox POST /api/v2/configuration.php 70 bytes on connection 4 token=***: 201 after "
                                 "20ms, scenario slow-20",
                                 "seethepro POST /api/vspinteraction/create 179 bytes on connection 0: 200 after 0"));
}

}  // namespace
}  // namespace interaction::sandbox
