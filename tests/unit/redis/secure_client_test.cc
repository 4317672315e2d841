// Redis as production has it: TLS, users of an ACL, Sentinels.
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/redis/client.h"
#include "server/tls/client_context.h"
#include "tests/support/certificates.h"
#include "tests/support/eventually.h"
#include "tests/support/matchers.h"
#include "tests/support/redis_client.h"
#include "tests/support/redis_server.h"
#include "tests/support/scripted_redis.h"
#include "tests/support/temp_dir.h"

namespace interaction::redis {
namespace {

using ::interaction::testing::CertificateAuthority;
using ::interaction::testing::Eventually;
using ::interaction::testing::IsOk;
using ::interaction::testing::KeyPairFiles;
using ::interaction::testing::RedisClient;
using ::interaction::testing::RedisSentinel;
using ::interaction::testing::RedisServer;
using ::interaction::testing::RedisTls;
using ::interaction::testing::StatusIs;
using ::interaction::testing::TempDir;
using ::testing::HasSubstr;

class RedisTlsTest : public ::testing::Test {
 protected:
  RedisTls Tls(bool clients_need_certificate) {
    return {.certificate = identity_.certificate,
            .key = identity_.key,
            .ca = authority_.ca_file(),
            .clients_need_certificate = clients_need_certificate};
  }
  static std::shared_ptr<const tls::ClientContext> Trust(const std::string& ca, const KeyPairFiles& own = {}) {
    return *tls::ClientContext::Create({.ca = ca, .certificate = own.certificate, .key = own.key, .protocol = ""},
                                       absl::Now());
  }
  // The error of a command, where there is no connection.
  static std::string WhyNot(const ClientOptions& options) {
    RedisClient client(options);
    std::string why;
    EXPECT_TRUE(Eventually([&] {
      why = std::string(client.Run({"PING"}).status().message());
      return why.find("no connection to Redis: ") != std::string::npos;
    }));
    return why;
  }

  TempDir dir_;
  CertificateAuthority authority_{&dir_};
  const KeyPairFiles identity_ = authority_.Issue("redis");
};

TEST_F(RedisTlsTest, CarriesCommandsAndLargeReplies) {
  const RedisServer server({.tls = Tls(false)});
  ClientOptions options = server.client_options();
  options.tls = Trust(authority_.ca_file());
  RedisClient client(options);
  const std::string large(300 << 10, 'x');  // many records
  EXPECT_THAT(client.Run({"SET", "key", large}), IsOk());
  const auto reply = client.Run({"GET", "key"});
  ASSERT_THAT(reply, IsOk());
  EXPECT_EQ(reply->text, large);
  for (int i = 0; i < 100; ++i) EXPECT_THAT(client.Run({"INCR", "count"}), IsOk());
}

TEST_F(RedisTlsTest, ShowsItsCertificateWhereRedisAsksForOne) {
  const RedisServer server({.tls = Tls(true)});
  ClientOptions options = server.client_options();
  options.tls = Trust(authority_.ca_file(), authority_.Issue("gateway"));
  RedisClient client(options);
  EXPECT_THAT(client.Run({"PING"}), IsOk());
  options.tls = Trust(authority_.ca_file());
  EXPECT_THAT(WhyNot(options), HasSubstr("no connection to Redis: "));
}

TEST_F(RedisTlsTest, TrustsNobodyElse) {
  const RedisServer server({.tls = Tls(false)});
  const TempDir other_dir;
  const CertificateAuthority other(&other_dir);
  ClientOptions options = server.client_options();
  options.tls = Trust(other.ca_file());
  EXPECT_THAT(WhyNot(options), HasSubstr("the TLS handshake failed"));
}

TEST_F(RedisTlsTest, AsksForTheCertificateOfTheHostThatIsConfigured) {
  const KeyPairFiles elsewhere = authority_.Issue("elsewhere", testing::CertificateFor("elsewhere.test"));
  const RedisServer server(
      {.tls = RedisTls{.certificate = elsewhere.certificate, .key = elsewhere.key, .ca = authority_.ca_file()}});
  ClientOptions options = server.client_options();
  options.tls = Trust(authority_.ca_file());
  EXPECT_THAT(WhyNot(options), HasSubstr("the TLS handshake failed"));
}

TEST(RedisAclTest, IsTheUserThatItIsTold) {
  const RedisServer server({.tcp = true});
  server.Run({"ACL", "SETUSER", "gateway", "on", ">secret", "~*", "+@all"});
  server.Run({"ACL", "SETUSER", "gateway2", "on", ">other-secret", "~*", "+@all"});
  ClientOptions options = server.client_options();
  options.username = "gateway";
  options.password = Secret("secret");
  RedisClient client(options);
  EXPECT_EQ(client.Run({"ACL", "WHOAMI"})->text, "gateway");
  // From the next connection on.
  client.get()->Use("gateway2", Secret("other-secret"), nullptr);
  EXPECT_TRUE(Eventually([&] {
    server.Run({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
    const auto who = client.Run({"ACL", "WHOAMI"});
    return who.ok() && who->text == "gateway2";
  }));
}

class RedisSentinelTest : public RedisTlsTest {
 protected:
  static ClientOptions Through(const RedisServer& server, const std::vector<HostPort>& sentinels) {
    ClientOptions options = server.client_options();
    options.host = "nowhere.invalid";
    options.socket_path.clear();
    options.sentinel = {.sentinels = sentinels, .primary = "mymaster"};
    return options;
  }
};

TEST_F(RedisSentinelTest, LeadToThePrimary) {
  const RedisServer server({.tcp = true});
  const RedisSentinel sentinel(server);
  RedisClient client(Through(server, {sentinel.address()}));
  EXPECT_THAT(client.Run({"SET", "key", "value"}), IsOk());
  EXPECT_EQ(server.Run({"GET", "key"}), "value");
}

TEST_F(RedisSentinelTest, AreAskedOneAfterTheOther) {
  const RedisServer server({.tcp = true});
  const RedisSentinel sentinel(server);
  RedisClient client(Through(server, {{"127.0.0.1", 1}, {"nowhere.invalid", 1}, sentinel.address()}));
  EXPECT_THAT(client.Run({"PING"}), IsOk());
}

TEST_F(RedisSentinelTest, WithTlsAndPasswords) {
  const RedisServer server({.tls = Tls(false), .password = "secret"});
  const RedisSentinel sentinel(server, "secret", Tls(false));
  ClientOptions options = Through(server, {sentinel.address()});
  options.tls = Trust(authority_.ca_file());
  RedisClient client(options);
  EXPECT_THAT(client.Run({"PING"}), IsOk());
}

TEST_F(RedisSentinelTest, SayThatTheyDoNotKnowThePrimary) {
  const RedisServer server({.tcp = true});
  const RedisSentinel sentinel(server);
  ClientOptions options = Through(server, {sentinel.address()});
  options.sentinel.primary = "another";
  EXPECT_THAT(WhyNot(options), HasSubstr("the Sentinel knows no primary called another"));
}

TEST_F(RedisSentinelTest, LeadToTheNewPrimaryAfterAFailover) {
  RedisServer first({.tcp = true});
  const RedisServer second({.tcp = true, .settings = {"--replicaof", absl::StrCat("127.0.0.1 ", first.port())}});
  ASSERT_TRUE(Eventually(
      [&] {
        return first.Run({"INFO", "replication"}).find("state=online") != std::string::npos;
      },
      absl::Seconds(20)));
  const RedisSentinel sentinel(first);
  RedisClient client(Through(first, {sentinel.address()}));
  EXPECT_THAT(client.Run({"SET", "key", "value"}), IsOk());
  // It has to have learned of the replica before.
  ASSERT_TRUE(Eventually([&] { return second.Run({"GET", "key"}) == "value"; }));
  ASSERT_TRUE(sentinel.WaitUntilItKnowsAReplica());
  first.Kill();
  ASSERT_TRUE(sentinel.WaitForFailover());
  EXPECT_TRUE(Eventually([&] { return client.Run({"SET", "key", "another"}).ok(); }, absl::Seconds(20)));
  EXPECT_EQ(second.Run({"GET", "key"}), "another");
}

// A Sentinel may not have heard yet of what has become of the primary.
TEST_F(RedisSentinelTest, AReplicaThatASentinelNamesIsNotUsed) {
  const RedisServer primary({.tcp = true});
  const RedisServer replica({.tcp = true, .settings = {"--replicaof", absl::StrCat("127.0.0.1 ", primary.port())}});
  const std::string port = absl::StrCat(replica.port());
  const testing::ScriptedRedis sentinel(absl::StrCat("*2\r\n$9\r\n127.0.0.1\r\n$", port.size(), "\r\n", port, "\r\n"),
                                        /*greets=*/false);
  EXPECT_THAT(WhyNot(Through(replica, {{"127.0.0.1", sentinel.port()}})), HasSubstr("is not a primary"));
}

}  // namespace
}  // namespace interaction::redis
