// The server as a process: how it starts, how it refuses to start, how it ends.
#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "tests/integration/answer_matchers.h"
#include "tests/integration/gateway.h"
#include "tests/integration/server_process.h"
#include "tests/integration/vendor_replies.h"
#include "tests/support/raw_upstream.h"
#include "tests/support/sockets.h"
#include "tests/support/subprocess.h"
#include "tests/support/temp_dir.h"

namespace interaction::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Le;
using ::testing::Lt;

struct BadStart {
  const char* name;
  std::vector<std::string> arguments;
  int exit_code;
  std::string says;
};

class BadStartTest : public ::testing::TestWithParam<BadStart> {};

TEST_P(BadStartTest, EndsAtOnceWithOneClearLine) {
  const absl::Time start = absl::Now();
  Subprocess server(INTERACTION_SERVER, GetParam().arguments);
  const auto exit = server.Wait(absl::Seconds(10));
  ASSERT_TRUE(exit.has_value());
  EXPECT_EQ(*exit, (ExitStatus{.code = GetParam().exit_code}));
  EXPECT_THAT(absl::Now() - start, Lt(absl::Seconds(2)));
  EXPECT_THAT(server.Stderr(), HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    Reasons, BadStartTest,
    ::testing::Values(BadStart{"UnknownFlag", {"--lisen", "x"}, 2, "--lisen"},
                      BadStart{"UnknownKey", {"--set", "server.lisen=1"}, 78, "server.lisen"},
                      BadStart{"BadValue", {"--set", "server.lanes=many"}, 78, "server.lanes"},
                      BadStart{"MissingFile", {"--config", "/nowhere/server.yaml"}, 78, "/nowhere/server.yaml"},
                      BadStart{
                          "MissingSecret", {"--set", "seethepro.app_access_key_file=/nowhere/key"}, 78, "/nowhere/key"},
                      BadStart{"AddressOfNobody",
                               {"--set", "server.listen=192.0.2.1:50051", "--set", "server.insecure=true", "--set",
                                "admin.listen=off"},
                               1,
                               "192.0.2.1:50051"},
                      BadStart{"OpenToEverybody", {"--set", "server.listen=0.0.0.0:0"}, 78, "server.insecure"}),
    [](const auto& row) { return row.param.name; });

TEST(ServerProcessTest, RefusesAPortThatIsTaken) {
  RawUpstream taken(Always({Hang()}));
  Subprocess server(INTERACTION_SERVER,
                    {"--set", absl::StrCat("server.listen=127.0.0.1:", taken.port()), "--set", "admin.listen=off"});
  const auto exit = server.Wait(absl::Seconds(10));
  ASSERT_TRUE(exit.has_value());
  EXPECT_EQ(*exit, ExitStatus{.code = 1});
  EXPECT_THAT(server.Stderr(), HasSubstr("the port is taken"));
}

TEST(ServerProcessTest, RefusesThePortOfAnotherServer) {
  RawUpstream upstream(Always({RespondJson(200, kOk)}));
  ServerProcess first(SettingsFor(upstream.url(), upstream.url()));
  Subprocess second(INTERACTION_SERVER,
                    {"--set", absl::StrCat("server.listen=", first.address()), "--set", "admin.listen=off"});
  EXPECT_EQ(second.Wait(absl::Seconds(10)), ExitStatus{.code = 1});
}

TEST(ServerProcessTest, ChecksAConfigurationWithoutServing) {
  Subprocess good(INTERACTION_SERVER, {"--check-config"});
  EXPECT_EQ(good.Wait(), ExitStatus{});
  EXPECT_THAT(good.Stdout(), HasSubstr("valid"));
  Subprocess bad(INTERACTION_SERVER, {"--check-config", "--set", "server.lanes=-1"});
  EXPECT_EQ(bad.Wait(), ExitStatus{.code = 78});
}

TEST(ServerProcessTest, HoldsTheCredentialsAndForbidsTheCallersOwn) {
  const TempDir dir;
  const std::string key_file = dir.Write("key", "key-of-the-gateway\n");
  RawUpstream upstream(Always({RespondJson(200, kOk)}));
  auto settings = SettingsFor(upstream.url(), upstream.url());
  settings.push_back(absl::StrCat("seethepro.app_access_key_file=", key_file));
  const ServerProcess server(settings);
  auto request = TestGateway::ValidVsp();
  EXPECT_THAT(server.CreateVsp(request),
              IsError(grpc::StatusCode::PERMISSION_DENIED, "CALLER_CREDENTIALS_FORBIDDEN", "not_applied"));
  request.clear_app_access_key();
  EXPECT_THAT(server.CreateVsp(request), Succeeds());
  EXPECT_THAT(upstream.requests().at(0).body, HasSubstr(R"("AppAccessKey":"key-of-the-gateway")"));
}

TEST(ServerProcessTest, EndsInGoodOrderWithCallsInFlight) {
  RawUpstream upstream(Always({Pause(absl::Milliseconds(500)), RespondJson(200, kOk)}));
  ServerProcess server(SettingsFor(upstream.url(), upstream.url()));
  std::vector<std::thread> callers;
  std::atomic<int> succeeded{0};
  for (int i = 0; i < 20; ++i) {
    callers.emplace_back([&] { succeeded += server.CreateVsp(TestGateway::ValidVsp()).status.ok(); });
  }
  EXPECT_TRUE(upstream.WaitForRequests(20));
  server.process().Signal(SIGTERM);
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(succeeded, 20);
  EXPECT_EQ(server.process().Wait(), ExitStatus{});
}

TEST(ServerProcessTest, EndsInTimeAlthoughAnUpstreamHangs) {
  RawUpstream upstream(Always({Hang()}));
  auto settings = SettingsFor(upstream.url(), upstream.url());
  settings.insert(settings.end(), {"calls.drain_timeout=1s", "calls.default_deadline=1s"});
  ServerProcess server(settings);
  VspAnswer answer;
  std::thread caller([&] { answer = server.CreateVsp(TestGateway::ValidVsp()); });
  EXPECT_TRUE(upstream.WaitForRequests(1));
  const absl::Time start = absl::Now();
  server.process().Signal(SIGTERM);
  caller.join();
  EXPECT_EQ(server.process().Wait(), ExitStatus{});
  EXPECT_THAT(absl::Now() - start, Le(absl::Seconds(3)));
  EXPECT_THAT(answer, IsError(grpc::StatusCode::UNKNOWN, "CANCELLED_AFTER_SEND", "unknown"));
}

// getaddrinfo itself blocks here, which no timeout of libcurl's ends by itself.
TEST(ServerProcessTest, ABlockingGetaddrinfoEndsItsCallInTimeAndDelaysNoOther) {
  RawUpstream healthy(Always({RespondJson(201, kWolkvoxOk)}));
  SubprocessOptions options;
  options.env = {{"LD_PRELOAD", SCRIPTED_GETADDRINFO}, {"SCRIPTED_DNS", "slow.test=delay:6000,127.0.0.1"}};
  options.env["ASAN_OPTIONS"] = "verify_asan_link_order=0";
  auto settings = SettingsFor("http://slow.test/", healthy.url());
  settings.push_back("server.lanes=1");
  const ServerProcess server(settings, options);
  EXPECT_THAT(server.AddWolkvox(TestGateway::ValidWolkvox()), Succeeds());

  absl::Duration took;
  VspAnswer slow;
  std::thread slow_call([&] {
    const absl::Time start = absl::Now();
    slow = server.CreateVsp(TestGateway::ValidVsp(), [](grpc::ClientContext& context) {
      context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(500));
    });
    took = absl::Now() - start;
  });
  for (const absl::Time end = absl::Now() + absl::Milliseconds(450); absl::Now() < end;) {
    const absl::Time start = absl::Now();
    EXPECT_THAT(server.AddWolkvox(TestGateway::ValidWolkvox()), Succeeds());
    EXPECT_THAT(absl::Now() - start, Lt(absl::Milliseconds(50)));
  }
  slow_call.join();
  EXPECT_EQ(slow.reason, "UPSTREAM_DNS_TIMEOUT");
  EXPECT_EQ(slow.outcome, "not_applied");
  EXPECT_THAT(took, Le(absl::Milliseconds(550)));
}

}  // namespace
}  // namespace interaction::testing
