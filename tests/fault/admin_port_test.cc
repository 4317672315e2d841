// The admin port of the server as a process: what operators and their tools see and do.
#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "server/config/files.h"
#include "tests/integration/answer_matchers.h"
#include "tests/integration/gateway.h"
#include "tests/integration/server_process.h"
#include "tests/integration/vendor_replies.h"
#include "tests/support/certificates.h"
#include "tests/support/eventually.h"
#include "tests/support/http_get.h"
#include "tests/support/raw_upstream.h"
#include "tests/support/volume.h"

namespace interaction::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::json;

constexpr char kToken[] = "admin-token-1";

HttpAnswer Get(const ServerProcess& server, const std::string& path, const HttpOptions& options = {}) {
  return Fetch(absl::StrCat("http://", server.admin_address(), path), options);
}

HttpOptions WithToken(const std::string& token, const std::string& method = "GET") {
  return {.method = method, .headers = {"Authorization: Bearer " + token}};
}

TEST(AdminPortTest, MetricsSayWhatBecameOfTheCalls) {
  RawUpstream upstream(Always({RespondJson(200, kOk)}));
  const ServerProcess server(SettingsFor(upstream.url(), upstream.url()));
  EXPECT_THAT(server.CreateVsp(TestGateway::ValidVsp()), Succeeds());
  EXPECT_THAT(server.CreateVsp({}), IsError(grpc::StatusCode::INVALID_ARGUMENT, "INVALID_REQUEST", "not_applied"));
  // A call's end is told after its answer is on its way.
  std::string metrics;
  EXPECT_TRUE(Eventually([&] {
    metrics = Get(server, "/metrics").body;
    return absl::StrContains(metrics, "reason=\"INVALID_REQUEST\",outcome=\"not_applied\"} 1\n");
  }));
  EXPECT_THAT(
      metrics,
      AllOf(HasSubstr("grpc_method=\"CreateVspInteraction\",grpc_code=\"OK\"} 1\n"),
            HasSubstr("rpc=\"CreateVspInteraction\",reason=\"INVALID_REQUEST\",outcome=\"not_applied\"} 1\n"),
            HasSubstr("status_class=\"2xx\",attempt=\"1\",outcome=\"applied\"} 1\n"),
            HasSubstr("\ninteraction_calls_in_flight 0\n"), HasSubstr("\ninteraction_lane_busy_seconds_total{lane=")));
}

TEST(AdminPortTest, StatuszShowsTheStateAndTheConfiguration) {
  RawUpstream upstream(Always({RespondJson(200, kOk)}));
  const ServerProcess server(With(SettingsFor(upstream.url(), upstream.url()), {"server.lanes=2"}));
  const Json status = Json::parse(Get(server, "/statusz").body);
  EXPECT_EQ(status["state"], "serving");
  EXPECT_EQ(status["address"], server.address());
  EXPECT_EQ(status["lanes"].size(), 2u);
  EXPECT_EQ(status["configuration"]["server.lanes"], "2");
}

TEST(AdminPortTest, ReadyzTurnsBeforeTheServerEnds) {
  absl::Notification answer;
  RawUpstream upstream(Always({WaitFor(answer), RespondJson(200, kOk)}));
  ServerProcess server(SettingsFor(upstream.url(), upstream.url()));
  EXPECT_EQ(Get(server, "/readyz").status, 200);
  VspAnswer in_flight;
  std::thread caller([&] { in_flight = server.CreateVsp(TestGateway::ValidVsp()); });
  EXPECT_TRUE(upstream.WaitForRequests(1));
  server.process().Signal(SIGTERM);
  EXPECT_TRUE(Eventually([&] { return Get(server, "/readyz").status == 503; }));
  EXPECT_THAT(Get(server, "/readyz").body, HasSubstr("draining"));
  EXPECT_EQ(Get(server, "/livez").status, 200);
  EXPECT_THAT(Get(server, "/metrics").body, HasSubstr("\ninteraction_draining 1\n"));
  answer.Notify();
  caller.join();
  EXPECT_THAT(in_flight, Succeeds());
  EXPECT_EQ(server.process().Wait(), ExitStatus{});
}

TEST(AdminPortTest, DrainsWhenItIsToldToByWhoHasTheToken) {
  const Volume files(std::map<std::string, std::string>{{"token", kToken}});
  ServerProcess server(
      With(SettingsFor("http://127.0.0.1:1", "http://127.0.0.1:1"), {"admin.token_file=" + files.File("token")}));
  EXPECT_EQ(Get(server, "/drain", WithToken("wrong", "POST")).status, 401);
  EXPECT_EQ(Get(server, "/drain", WithToken(kToken, "POST")).status, 202);
  EXPECT_EQ(server.process().Wait(), ExitStatus{});
  EXPECT_THAT(server.process().Stderr(), HasSubstr("\"signal\":\"SIGTERM\""));
}

TEST(AdminPortTest, ItsTokenAndCertificateCanBeRotated) {
  const TempDir dir;
  CertificateAuthority authority(&dir);
  const auto content = [](const std::string& file) { return *config::ReadFile(file, 1 << 20); };
  const KeyPairFiles first = authority.Issue("first"), second = authority.Issue("second");
  Volume files({{"token", kToken}, {"cert", content(first.certificate)}, {"key", content(first.key)}});
  ServerProcess server(With(SettingsFor("http://127.0.0.1:1", "http://127.0.0.1:1"),
                            {"admin.token_file=" + files.File("token"), "admin.tls_cert_file=" + files.File("cert"),
                             "admin.tls_key_file=" + files.File("key")}));
  const auto status_with = [&](const std::string& token) {
    HttpOptions options = WithToken(token);
    options.ca_file = authority.ca_file();
    const HttpAnswer answer = Fetch(absl::StrCat("https://", server.admin_address(), "/statusz"), options);
    EXPECT_EQ(answer.error, "");
    return answer.status;
  };
  EXPECT_EQ(status_with(kToken), 200);
  files.Replace({{"token", "admin-token-2"}, {"cert", content(second.certificate)}, {"key", content(second.key)}});
  server.process().Signal(SIGHUP);
  EXPECT_TRUE(server.process().WaitForLine("configuration reloaded").has_value());
  EXPECT_EQ(status_with(kToken), 401);
  EXPECT_EQ(status_with("admin-token-2"), 200);
}

// What a call that is made at the admin port came to.
Json Try(const ServerProcess& server, const std::string& method, const std::string& request) {
  HttpOptions post = WithToken(kToken, "POST");
  post.body = request;
  const HttpAnswer begun = Get(server, "/try?method=" + method, post);
  EXPECT_EQ(begun.status, 200) << begun.body;
  const std::string id = Json::parse(begun.body)["id"];
  Json result;
  EXPECT_TRUE(Eventually([&] {
    result = Json::parse(Get(server, "/try?id=" + id, WithToken(kToken)).body);
    return result["state"] == "done";
  }));
  return result;
}

constexpr char kWolkvoxRequest[] =
    R"({"sender": "+57", "recipient": "+576", "routing_point_id": "4711", "wolkvox_server": "0042", "wolkvox_token": "t"})";

TEST(AdminPortTest, CallsCanBeTriedAndAreCallsLikeOthers) {
  RawUpstream upstream(Always({RespondJson(200, kWolkvoxOk)}));
  const Volume files(std::map<std::string, std::string>{{"token", kToken}});
  ServerProcess server(With(SettingsFor(upstream.url(), upstream.url()),
                            {"admin.token_file=" + files.File("token"), "admin.try_it=true"}));
  EXPECT_EQ(Get(server, "/try").status, 401);
  EXPECT_EQ(Json::parse(Get(server, "/try", WithToken(kToken)).body)["methods"].size(), 2u);
  EXPECT_EQ(Try(server, "AddWolkvoxInteraction", kWolkvoxRequest)["code"], "OK");
  EXPECT_EQ(upstream.counts().requests, 1u);
  const Json refused = Try(server, "AddWolkvoxInteraction", "{}");
  EXPECT_EQ(refused["code"], "INVALID_ARGUMENT");
  EXPECT_EQ(refused["details"][0]["reason"], "INVALID_REQUEST");
  HttpOptions wrong = WithToken(kToken, "POST");
  wrong.body = R"({"nothing": 1})";
  EXPECT_EQ(Get(server, "/try?method=AddWolkvoxInteraction", wrong).status, 400);
  EXPECT_EQ(Get(server, "/try?method=Other", wrong).status, 404);
  EXPECT_TRUE(server.process().WaitForLine("\"caller\":\"admin:try-it\"").has_value());
}

TEST(AdminPortTest, ThePolicyAppliesToCallsThatAreTried) {
  RawUpstream upstream(Always({RespondJson(200, kWolkvoxOk)}));
  Volume files(std::map<std::string, std::string>{
      {"token", kToken},
      {"keys", "api_keys:\n  - {name: a, sha256: eb53fb8e4a754e8665b43557a98ad8a631022f1843f8ef352cdc08db4de0be1d}\n"},
      {"policy", "callers:\n  - {name: a, identities: [\"admin:try-it\"], rpcs: [CreateVspInteraction]}\n"}});
  ServerProcess server(
      With(SettingsFor(upstream.url(), upstream.url()),
           {"admin.token_file=" + files.File("token"), "admin.try_it=true",
            "callers.policy_file=" + files.File("policy"), "callers.api_keys_file=" + files.File("keys")}));
  const Json refused = Try(server, "AddWolkvoxInteraction", kWolkvoxRequest);
  EXPECT_EQ(refused["code"], "PERMISSION_DENIED");
  EXPECT_EQ(refused["details"][0]["reason"], "CALLER_NOT_ALLOWED");
  EXPECT_EQ(refused["details"][0]["metadata"]["caller"], "admin:try-it");
  files.Put("policy", "callers:\n  - {name: a, identities: [\"admin:try-it\"], rpcs: [AddWolkvoxInteraction]}\n");
  server.process().Signal(SIGHUP);
  EXPECT_TRUE(server.process().WaitForLine("configuration reloaded").has_value());
  EXPECT_EQ(Try(server, "AddWolkvoxInteraction", kWolkvoxRequest)["code"], "OK");
}

TEST(AdminPortTest, TheShutdownWaitsForACallThatIsTried) {
  absl::Notification answer;
  RawUpstream upstream(Always({WaitFor(answer), RespondJson(200, kWolkvoxOk)}));
  const Volume files(std::map<std::string, std::string>{{"token", kToken}});
  ServerProcess server(With(SettingsFor(upstream.url(), upstream.url()),
                            {"admin.token_file=" + files.File("token"), "admin.try_it=true"}));
  HttpOptions post = WithToken(kToken, "POST");
  post.body = kWolkvoxRequest;
  const std::string id = Json::parse(Get(server, "/try?method=AddWolkvoxInteraction", post).body)["id"];
  EXPECT_TRUE(upstream.WaitForRequests(1));
  EXPECT_EQ(Json::parse(Get(server, "/try?id=" + id, WithToken(kToken)).body)["state"], "running");
  server.process().Signal(SIGTERM);
  EXPECT_TRUE(Eventually([&] { return Get(server, "/try?method=AddWolkvoxInteraction", post).status == 503; }));
  answer.Notify();
  EXPECT_EQ(server.process().Wait(), ExitStatus{});
  EXPECT_THAT(server.process().Stderr(), HasSubstr("\"caller\":\"admin:try-it\""));
}

TEST(AdminPortTest, CallsCanBeTriedWithATokenOnly) {
  Subprocess server(INTERACTION_SERVER, {"--set", "admin.try_it=true", "--check-config"});
  EXPECT_EQ(server.Wait(), ExitStatus{.code = 78});
  EXPECT_THAT(server.Stderr(), AllOf(HasSubstr("admin.try_it"), HasSubstr("admin.token_file")));
}

TEST(AdminPortTest, ATokenThatIsNoneStopsTheStart) {
  Subprocess server(INTERACTION_SERVER, {"--set", "admin.token_file=/nowhere"});
  EXPECT_EQ(server.Wait(), ExitStatus{.code = 78});
  EXPECT_THAT(server.Stderr(), HasSubstr("admin.token_file"));
}

TEST(AdminPortTest, BeyondThisMachineItNeedsAToken) {
  Subprocess server(INTERACTION_SERVER, {"--set", "admin.listen=0.0.0.0:0", "--check-config"});
  EXPECT_EQ(server.Wait(), ExitStatus{.code = 78});
  EXPECT_THAT(server.Stderr(), AllOf(HasSubstr("admin.listen"), HasSubstr("admin.token_file")));
}

TEST(AdminPortTest, APortThatIsTakenIsNamed) {
  const ServerProcess first(SettingsFor("http://127.0.0.1:1", "http://127.0.0.1:1"));
  Subprocess second(INTERACTION_SERVER,
                    {"--set", "server.listen=127.0.0.1:0", "--set", "admin.listen=" + first.admin_address()});
  EXPECT_EQ(second.Wait(), ExitStatus{.code = 1});
  EXPECT_THAT(second.Stderr(), AllOf(HasSubstr("admin.listen"), HasSubstr(first.admin_address())));
}

}  // namespace
}  // namespace interaction::testing
