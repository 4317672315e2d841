// How the server as a process starts: what it says of its settings and of what it was started with.
#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/integration/answer_matchers.h"
#include "tests/integration/gateway.h"
#include "tests/integration/server_process.h"
#include "tests/integration/vendor_replies.h"
#include "tests/support/eventually.h"
#include "tests/support/raw_upstream.h"
#include "tests/support/subprocess.h"
#include "tests/support/temp_dir.h"

namespace interaction::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// Starts the server from a shell: `how` may close descriptors ("2>&-") or run something before it.
Subprocess FromShell(const std::string& before, const std::string& how, std::vector<std::string> arguments,
                     const SubprocessOptions& options = {}) {
  arguments.insert(arguments.begin(), {"-c", before + "exec \"$0\" \"$@\" " + how, INTERACTION_SERVER});
  return Subprocess("/bin/sh", arguments, options);
}

std::vector<std::string> AsFlags(const std::vector<std::string>& settings) {
  std::vector<std::string> flags;
  for (const std::string& setting : settings) flags.insert(flags.end(), {"--set", setting});
  return flags;
}

TEST(MistakesTest, EachLineNamesProgramFileAndKey) {
  const TempDir dir;
  const std::string file = dir.Write("gateway.yaml",
                                     "server:\n"
                                     "  spin: 50\n"
                                     "  lanes: many\n"
                                     "idempotency:\n"
                                     "  store: redis\n");
  Subprocess server(INTERACTION_SERVER, {"--config", file, "--check-config"});
  EXPECT_EQ(server.Wait(), ExitStatus{.code = 78});
  const std::vector<std::string> lines = absl::StrSplit(server.Stderr(), '\n', absl::SkipEmpty());
  EXPECT_THAT(lines, ElementsAre(absl::StrCat("interaction-server: ", file,
                                              ":2: server.spin: \"50\" is not a time with its unit, from 0s to 10ms"),
                                 absl::StrCat("interaction-server: ", file,
                                              ":3: server.lanes: \"many\" is not a whole number from 0 to 1024"),
                                 absl::StrCat("interaction-server: ", file,
                                              ":5: redis.address: is empty while idempotency.store is redis; set it to "
                                              "host:port or unix:/path, or set redis.sentinels")));
}

TEST(MistakesTest, AVariableThatIsNoKeyIsNamedAndAServiceLinkIsNot) {
  Subprocess typo(INTERACTION_SERVER, {"--check-config"}, {.env = {{"INTERACTION_SERVER_PORT", "50099"}}});
  EXPECT_EQ(typo.Wait(), ExitStatus{.code = 78});
  EXPECT_EQ(typo.Stderr(),
            "interaction-server: INTERACTION_SERVER_PORT: is not the variable of a key; did you mean "
            "INTERACTION_SERVER__LISTEN?\n");
  Subprocess link(INTERACTION_SERVER, {"--check-config"},
                  {.env = {{"INTERACTION_SERVER_PORT", "tcp://10.0.0.1:50051"}, {"INTERACTION_ADDRESS", "gateway:1"}}});
  EXPECT_EQ(link.Wait(), ExitStatus{});
}

TEST(MistakesTest, WhatWouldFailEveryCallIsFoundByTheCheck) {
  Subprocess server(INTERACTION_SERVER, {"--check-config", "--set", "seethepro.base_url=https://127.0.0.1/"});
  EXPECT_EQ(server.Wait(), ExitStatus{.code = 78});
  EXPECT_THAT(server.Stderr(), HasSubstr("seethepro.base_url: 127.0.0.1 is this machine"));
}

// What the check lets pass works: each spelling of a base URL reaches its upstream.
TEST(BaseUrlTest, MayHaveAnIpv6AddressOrItsSchemeInCapitals) {
  RawUpstream v6(Always({RespondJson(200, kOk)}), {.loopback = Loopback::kV6});
  RawUpstream v4(Always({RespondJson(201, R"({"code":"201","error":null,"msg":"ok"})")}));
  ServerProcess server(
      SettingsFor(absl::StrCat("http://[::1]:", v6.port()), absl::StrCat("HTTP://LocalHost:", v4.port())));
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(server.CreateVsp(TestGateway::ValidVsp()), Succeeds());
    EXPECT_THAT(server.AddWolkvox(TestGateway::ValidWolkvox()), Succeeds());
  }
  EXPECT_EQ(v6.counts().requests, 3u);
  EXPECT_EQ(v4.counts().requests, 3u);
}

TEST(OutputTest, AFullStandardOutputIsNoSuccess) {
  Subprocess server = FromShell("", ">/dev/full", {"--print-config"});
  EXPECT_EQ(server.Wait(), ExitStatus{.code = 1});
  EXPECT_THAT(server.Stderr(), HasSubstr("standard output cannot be written"));
}

TEST(SecretFileTest, OneThatOthersMayWriteIsWarnedOfAndUsed) {
  const TempDir dir;
  const std::string key = dir.Write("key", "s3cret\n");
  ASSERT_EQ(chmod(key.c_str(), 0666), 0);
  const std::string warning = "mode 0666: users other than its owner may write to it";
  const std::string setting = "seethepro.app_access_key_file=" + key;

  Subprocess check(INTERACTION_SERVER, {"--check-config", "--set", setting});
  EXPECT_EQ(check.Wait(), ExitStatus{});
  EXPECT_THAT(check.Stderr(), AllOf(HasSubstr("interaction-server: warning: "), HasSubstr(key), HasSubstr(warning)));

  RawUpstream upstream(Always({RespondJson(200, kOk)}));
  ServerProcess server(With(SettingsFor(upstream.url(), upstream.url()), {setting}));
  EXPECT_THAT(server.process().Stderr(), AllOf(HasSubstr("\"level\":\"warning\""), HasSubstr(warning)));
  auto request = TestGateway::ValidVsp();
  request.clear_app_access_key();
  EXPECT_THAT(server.CreateVsp(request), Succeeds());
}

TEST(FewDescriptorsTest, AHardLimitBelowWhatTheCallsNeedIsWarnedOfWithBothNumbers) {
  const std::string warning =
      "\"limit\":500,\"needed\":2256,\"text\":\"raise the hard limit (LimitNOFILE, ulimit -Hn) "
      "or set calls.max_in_flight to 122 or less\"";
  const auto settings = [](const std::string& calls) {
    return AsFlags({"server.listen=127.0.0.1:0", "admin.listen=off", "server.lanes=1", "calls.max_in_flight=" + calls});
  };
  Subprocess few = FromShell("ulimit -n 500; ", "", settings("1000"));
  EXPECT_TRUE(few.WaitForLine("\"serving\"").has_value());
  EXPECT_THAT(few.Stderr(), HasSubstr(warning));
  Subprocess enough = FromShell("ulimit -n 500; ", "", settings("122"));
  EXPECT_TRUE(enough.WaitForLine("\"serving\"").has_value());
  EXPECT_THAT(enough.Stderr(), Not(HasSubstr("needed")));
}

// A socket or an eventfd in the place of a standard descriptor would get the lines of the log.
TEST(ClosedDescriptorsTest, AreNotGivenToConnections) {
  const TempDir dir;
  RawUpstream upstream(Always({RespondJson(200, kOk)}));
  const std::string address = "unix:" + dir.File("gateway.sock");
  Subprocess server = FromShell("", "0<&- 1>&- 2>&-",
                                AsFlags(With(SettingsFor(upstream.url(), upstream.url()),
                                             {"server.listen=" + address, "admin.listen=off", "log.level=debug"})));
  const GatewayClient client(grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
  EXPECT_TRUE(Eventually([&] { return std::filesystem::exists(dir.File("gateway.sock")); }));
  EXPECT_THAT(client.CreateVsp(TestGateway::ValidVsp(), [](auto& context) { context.set_wait_for_ready(true); }),
              Succeeds());
  for (const int descriptor : {0, 1, 2}) {
    EXPECT_EQ(std::filesystem::read_symlink(absl::StrCat("/proc/", server.pid(), "/fd/", descriptor)), "/dev/null");
  }
  server.Signal(SIGTERM);
  EXPECT_EQ(server.Wait(), ExitStatus{});
}

}  // namespace
}  // namespace interaction::testing
