// interaction-server --health, as a container's health check calls it: beside the server, with the same configuration.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/integration/gateway.h"
#include "tests/integration/server_process.h"
#include "tests/support/certificates.h"
#include "tests/support/subprocess.h"
#include "tests/support/temp_dir.h"

namespace interaction::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Exit codes of the program.
constexpr int kReady = 0, kNotReady = 1, kWrongCommandLine = 2, kWrongConfiguration = 78;

struct Health {
  int exit_code = -1;
  std::string out, err;
};

Health Ask(const std::vector<std::string>& settings, const std::vector<std::string>& flags = {"--health"}) {
  std::vector<std::string> arguments = flags;
  for (const std::string& setting : settings) arguments.insert(arguments.end(), {"--set", setting});
  Subprocess health(INTERACTION_SERVER, arguments);
  const std::optional<ExitStatus> exit = health.Wait();
  return {.exit_code = exit ? exit->code : -1, .out = health.Stdout(), .err = health.Stderr()};
}

// Of a server whose upstreams nobody calls.
std::vector<std::string> Settings(const std::vector<std::string>& further = {}) {
  return With(SettingsFor("http://127.0.0.1:1", "http://127.0.0.1:1"), further);
}

TEST(HealthFlagTest, SaysThatAServerCanServe) {
  const ServerProcess server(Settings());
  const Health health = Ask({"admin.listen=" + server.admin_address()});
  EXPECT_EQ(health.exit_code, kReady) << health.err;
  EXPECT_THAT(health.out, HasSubstr("[+]"));
}

TEST(HealthFlagTest, SaysThatAServerDrains) {
  ServerProcess server(Settings({"calls.drain_delay=60s"}));
  server.process().Signal(SIGTERM);
  ASSERT_TRUE(server.process().WaitForLine("draining"));
  const Health health = Ask({"admin.listen=" + server.admin_address()});
  EXPECT_EQ(health.exit_code, kNotReady);
  EXPECT_THAT(health.err, HasSubstr("not ready"));
  EXPECT_THAT(health.err, HasSubstr("draining"));
  EXPECT_THAT(health.out, IsEmpty());
}

TEST(HealthFlagTest, SaysThatNobodyAnswers) {
  const Health health = Ask({"admin.listen=127.0.0.1:1"});
  EXPECT_EQ(health.exit_code, kNotReady);
  EXPECT_THAT(health.err, HasSubstr("does not answer at 127.0.0.1:1"));
}

TEST(HealthFlagTest, ReachesAPortOnAllAddressesAndOneWithTls) {
  const TempDir dir;
  CertificateAuthority authority(&dir);
  const KeyPairFiles pair = authority.Issue("gateway.example");  // a name that is not this machine's
  const std::vector<std::string> tls = {"admin.tls_cert_file=" + pair.certificate, "admin.tls_key_file=" + pair.key,
                                        "admin.insecure=true"};
  const ServerProcess server(Settings(tls));
  const std::string port = server.admin_address().substr(sizeof "127.0.0.1:" - 1);
  const Health health = Ask(With(tls, {"admin.listen=0.0.0.0:" + port}));
  EXPECT_EQ(health.exit_code, kReady) << health.err;
}

TEST(HealthFlagTest, ReachesAUnixSocket) {
  const TempDir dir;
  const std::string listen = absl::StrCat("admin.listen=unix:", dir.path(), "/admin");
  const ServerProcess server(Settings({listen}));
  const Health health = Ask({listen});
  EXPECT_EQ(health.exit_code, kReady) << health.err;
}

TEST(HealthFlagTest, SaysWhatIsMissingWhereThereIsNothingToAsk) {
  const Health off = Ask({"admin.listen=off"});
  EXPECT_EQ(off.exit_code, kWrongConfiguration);
  EXPECT_THAT(off.err, HasSubstr("admin.listen is off"));
  const Health port_0 = Ask({"admin.listen=127.0.0.1:0"});
  EXPECT_EQ(port_0.exit_code, kWrongConfiguration);
  EXPECT_THAT(port_0.err, HasSubstr("name a port"));
  EXPECT_EQ(Ask({}, {"--health", "--check-config"}).exit_code, kWrongCommandLine);
}

}  // namespace
}  // namespace interaction::testing
