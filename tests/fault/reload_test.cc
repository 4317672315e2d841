// Files that change while the server serves: secrets, certificates, authorities, the policy, the configuration itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <signal.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/synchronization/notification.h"
#include "tests/fault/secure_server.h"
#include "tests/integration/answer_matchers.h"
#include "tests/integration/vendor_replies.h"
#include "tests/support/eventually.h"
#include "tests/support/raw_upstream.h"
#include "tests/support/sockets.h"

namespace interaction::testing {
namespace {

using grpc::StatusCode;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr char kReloaded[] = "\"configuration reloaded\"";
constexpr char kKept[] = "the one before stays in use";

class ReloadTest : public ::testing::Test {
 protected:
  VspAnswer Call(const GatewayClient& client) const { return client.CreateVsp(server_.Vsp(), WithApiKey(kApiKey)); }

  // The access key that the upstream was sent last.
  std::string LastKey() const {
    const std::string body = upstream_.requests().back().body;
    const size_t at = body.find("AppAccessKey\":\"") + 15;
    return body.substr(at, body.find('"', at) - at);
  }

  RawUpstream upstream_{Always({RespondJson(200, kOk)})};
  SecureServer server_{upstream_.url()};
};

TEST_F(ReloadTest, ASecretIsUsedFromTheNextCallOn) {
  const auto client = server_.Client();
  absl::Notification answer;
  upstream_.OnRequest(Always({WaitFor(answer), RespondJson(200, kOk)}));
  VspAnswer in_flight;
  std::thread caller([&] { in_flight = Call(*client); });
  ASSERT_TRUE(upstream_.WaitForRequests(1));
  server_.files().Put("app-access-key", "second-key\n");
  EXPECT_THAT(server_.Reload(), HasSubstr(kReloaded));
  answer.Notify();
  caller.join();
  EXPECT_THAT(in_flight, Succeeds());
  EXPECT_EQ(LastKey(), "first-key");
  EXPECT_THAT(Call(*client), Succeeds());
  EXPECT_EQ(LastKey(), "second-key") << "without its line break";
}

// As Kubernetes changes a mounted Secret; nobody sends a signal.
TEST_F(ReloadTest, AChangedFileIsNoticed) {
  const auto client = server_.Client();
  const size_t before = server_.process().Stderr().size();
  server_.files().Put("app-access-key", "second-key");
  const std::string line = server_.LineSince(before, "reloaded");
  EXPECT_THAT(line, AllOf(HasSubstr(kReloaded), HasSubstr("changed: "), HasSubstr("app-access-key")));
  EXPECT_THAT(line, Not(HasSubstr("second-key")));
  EXPECT_THAT(Call(*client), Succeeds());
  EXPECT_EQ(LastKey(), "second-key");
}

TEST_F(ReloadTest, AnUnusableSecretChangesNothing) {
  const auto client = server_.Client();
  for (const char* content : {"", "two words", "\n"}) {
    server_.files().Put("app-access-key", content);
    EXPECT_THAT(server_.Reload(), AllOf(HasSubstr(kKept), HasSubstr("seethepro.app_access_key_file"))) << content;
    EXPECT_THAT(Call(*client), Succeeds());
    EXPECT_EQ(LastKey(), "first-key");
  }
  server_.files().Remove("app-access-key");
  EXPECT_THAT(server_.Reload(), AllOf(HasSubstr(kKept), HasSubstr("cannot be read")));
  server_.files().Put("app-access-key", "third-key");
  EXPECT_THAT(server_.Reload(), HasSubstr(kReloaded));
  EXPECT_THAT(Call(*client), Succeeds());
  EXPECT_EQ(LastKey(), "third-key");
}

TEST_F(ReloadTest, AllOfItOrNothing) {
  const auto client = server_.Client();
  server_.files().Put("app-access-key", "second-key");
  server_.files().Put("policy.yaml", "callers: [{name: x}]");
  EXPECT_THAT(server_.Reload(), AllOf(HasSubstr(kKept), HasSubstr("policy.yaml:1"), HasSubstr("has no identities")));
  EXPECT_THAT(Call(*client), Succeeds());
  EXPECT_EQ(LastKey(), "first-key");
}

TEST_F(ReloadTest, WhoIsNoLongerInThePolicyIsTurnedAwayOnTheSameConnection) {
  const auto client = server_.Client();
  EXPECT_THAT(Call(*client), Succeeds());
  server_.files().Put("policy.yaml", absl::StrReplaceAll(server_.Policy(), {{", \"api_key:billing\"", ""}}));
  EXPECT_THAT(server_.Reload(), HasSubstr(kReloaded));
  EXPECT_THAT(Call(*client), IsError(StatusCode::PERMISSION_DENIED, "CALLER_NOT_ALLOWED", "not_applied"));
  server_.files().Put("policy.yaml", server_.Policy());
  EXPECT_THAT(server_.Reload(), HasSubstr(kReloaded));
  EXPECT_THAT(Call(*client), Succeeds());
}

TEST_F(ReloadTest, ATokensKeyCanBeReplacedAndWithdrawn) {
  const auto client = server_.Client();
  const SigningKey second("two");
  const std::string old_token = server_.Token(), new_token = second.Sign(TokenClaims{}.Json(absl::Now()));
  EXPECT_THAT(client->CreateVsp(server_.Vsp(), WithToken(old_token)), Succeeds());
  EXPECT_THAT(client->CreateVsp(server_.Vsp(), WithToken(new_token)),
              IsError(StatusCode::UNAUTHENTICATED, "CALLER_UNAUTHENTICATED", "not_applied"));
  server_.files().Put("jwks.json", KeySet({server_.signing_key().PublicJson(), second.PublicJson()}));
  EXPECT_THAT(server_.Reload(), HasSubstr(kReloaded));
  EXPECT_THAT(client->CreateVsp(server_.Vsp(), WithToken(old_token)), Succeeds());
  EXPECT_THAT(client->CreateVsp(server_.Vsp(), WithToken(new_token)), Succeeds());
  server_.files().Put("jwks.json", KeySet({second.PublicJson()}));
  EXPECT_THAT(server_.Reload(), HasSubstr(kReloaded));
  EXPECT_THAT(client->CreateVsp(server_.Vsp(), WithToken(old_token)),
              IsError(StatusCode::UNAUTHENTICATED, "CALLER_UNAUTHENTICATED", "not_applied"));
  EXPECT_THAT(client->CreateVsp(server_.Vsp(), WithToken(new_token)), Succeeds());
}

// A certificate that the client of the test sees, by who has issued it.
class CertificateReloadTest : public ReloadTest {
 protected:
  void PutIdentity(const KeyPairFiles& identity) {
    std::map<std::string, std::string> pair = {{"tls.crt", Contents(identity.certificate)},
                                               {"tls.key", Contents(identity.key)}};
    for (const char* name : {"clients.pem", "policy.yaml", "api-keys.yaml", "jwks.json", "app-access-key",
                             "wolkvox-token", "server.yaml"}) {
      pair[name] = Contents(server_.files().File(name));
    }
    server_.files().Replace(pair);
  }
  bool IsTrustedBy(const CertificateAuthority& authority) const {
    const auto client = server_.Client({}, Contents(authority.ca_file()));
    return client
        ->CreateVsp(server_.Vsp(),
                    [](grpc::ClientContext& context) {
                      WithApiKey(kApiKey)(context);
                      WithDeadline(absl::Seconds(5))(context);
                    })
        .status.ok();
  }

  const TempDir other_dir_;
  CertificateAuthority other_{&other_dir_};
};

TEST_F(CertificateReloadTest, NewConnectionsSeeTheNewCertificateAndOldOnesGoOn) {
  const auto connected = server_.Client();
  EXPECT_THAT(Call(*connected), Succeeds());
  PutIdentity(other_.Issue("gateway"));
  server_.Reload();
  EXPECT_TRUE(Eventually([&] { return IsTrustedBy(other_); }));
  EXPECT_FALSE(IsTrustedBy(server_.authority()));
  EXPECT_THAT(Call(*connected), Succeeds());
}

TEST_F(CertificateReloadTest, AnUnusablePairChangesNothing) {
  if (TransportUnderTest() == config::Transport::kGrpc) {
    GTEST_SKIP() << "gRPC's server does not look at dates and chains: docs/transports.md";
  }
  const KeyPairFiles good = server_.authority().Issue("good"), another = server_.authority().Issue("another");
  const struct {
    KeyPairFiles pair;
    const char* why;
  } cases[] = {
      {{good.certificate, another.key}, "it belongs to another certificate"},
      {server_.authority().Issue("expired", ExpiredCertificate()), "it has expired"},
      {server_.authority().Issue("future", NotYetValidCertificate()), "it is valid from"},
      {{server_.authority().ca_file(), good.key}, "it belongs to another certificate"},
      {{good.key, good.key}, "cannot use server certificate"},
  };
  for (const auto& [pair, why] : cases) {
    PutIdentity(pair);
    EXPECT_THAT(server_.Reload(), AllOf(HasSubstr(kKept), HasSubstr("server.tls_"), HasSubstr(why)));
    EXPECT_TRUE(IsTrustedBy(server_.authority())) << why;
  }
  server_.files().Remove("tls.key");
  EXPECT_THAT(server_.Reload(), HasSubstr(kKept));
  EXPECT_TRUE(IsTrustedBy(server_.authority()));
}

TEST_F(CertificateReloadTest, ClientsOfAnAuthorityThatIsRemovedAreLetInNoMore) {
  const KeyPairFiles old_workload = server_.Workload("billing");
  const KeyPairFiles new_workload =
      other_.Issue("billing", {.dns_names = {}, .ip_addresses = {}, .uris = {"spiffe://example.org/billing"}});
  const auto old_client = server_.Client(old_workload);
  EXPECT_THAT(old_client->CreateVsp(server_.Vsp()), Succeeds());
  server_.files().Put("clients.pem", Contents(other_.ca_file()));
  server_.Reload();
  // The old client's connection is asked to go, and its next one fails.
  const auto code_of = [&](const GatewayClient& client) {
    return client.CreateVsp(server_.Vsp(), WithDeadline(absl::Seconds(2))).status.error_code();
  };
  if (TransportUnderTest() == config::Transport::kH2) {  // gRPC's server lets the connection be: docs/transports.md
    EXPECT_TRUE(Eventually([&] { return code_of(*old_client) == StatusCode::UNAVAILABLE; }));
  }
  EXPECT_TRUE(Eventually([&] { return code_of(*server_.Client(old_workload)) == StatusCode::UNAVAILABLE; }));
  EXPECT_EQ(code_of(*server_.Client(new_workload)), StatusCode::OK);
}

// Neither what the gateway trusts from now on nor its wish that clients connect anew cuts off a handshake.
TEST_F(CertificateReloadTest, AHandshakeThatIsUnderWayGoesOn) {
  if (TransportUnderTest() == config::Transport::kGrpc) GTEST_SKIP() << "gRPC's server accepts by its own rules";
  const Fd socket =
      ConnectLoopback(static_cast<uint16_t>(std::stoi(server_.address().substr(server_.address().rfind(':') + 1))));
  EXPECT_THAT(Call(*server_.Client()), Succeeds()) << "the other connection has been accepted before";
  server_.files().Put("clients.pem", Contents(other_.ca_file()));
  EXPECT_THAT(server_.Reload(), HasSubstr(kReloaded));
  EXPECT_THAT(Call(*server_.Client()), Succeeds());
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free);
  const std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(context.get()), &SSL_free);
  SSL_set_fd(ssl.get(), socket.get());
  EXPECT_EQ(SSL_connect(ssl.get()), 1);
}

// What calls do while everything is replaced.
class Load {
 public:
  Load(const SecureServer& server, CallSetup setup) : server_(server), setup_(std::move(setup)) {
    for (int i = 0; i < 4; ++i) threads_.emplace_back([this] { Call(); });
  }
  ~Load() { Stop(); }
  int Stop() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    return calls_;
  }

 private:
  void Call() {
    while (!stop_) {
      const auto client = server_.Client();  // a new connection now and then
      for (int i = 0; i < 20 && !stop_; ++i) {
        EXPECT_THAT(client->CreateVsp(server_.Vsp(), setup_), Succeeds());
        ++calls_;
      }
    }
  }

  const SecureServer& server_;
  const CallSetup setup_;
  std::atomic<bool> stop_{false};
  std::atomic<int> calls_{0};
  std::vector<std::thread> threads_;
};

constexpr int kRotations = 20;

TEST_F(CertificateReloadTest, TwentyRotationsOfEverythingLoseNoCall) {
  // The keys that stay let the load in all the while.
  const SigningKey coming("coming"), staying = SigningKey("staying", SigningKey::Kind::kP256);
  server_.files().Put("jwks.json", KeySet({staying.PublicJson()}));
  ASSERT_THAT(server_.Reload(), HasSubstr(kReloaded));
  Load load(server_, WithToken(staying.Sign(TokenClaims{}.Json(absl::Now()))));
  for (int i = 0; i < kRotations; ++i) {
    const std::string ca = Contents(server_.authority().ca_file()), other_ca = Contents(other_.ca_file());
    PutIdentity(server_.authority().Issue(absl::StrCat("gateway", i)));
    EXPECT_THAT(server_.Reload(), HasSubstr(kReloaded));
    server_.files().Put("clients.pem", i % 2 == 0 ? absl::StrCat(other_ca, ca) : ca);
    EXPECT_THAT(server_.Reload(), HasSubstr(kReloaded));
    server_.files().Put("app-access-key", absl::StrCat("key-", i));
    EXPECT_THAT(server_.Reload(), HasSubstr(kReloaded));
    server_.files().Put("jwks.json", KeySet(i % 2 == 0 ? std::vector{staying.PublicJson(), coming.PublicJson()}
                                                       : std::vector{staying.PublicJson()}));
    EXPECT_THAT(server_.Reload(), HasSubstr(kReloaded));
    server_.files().Put("policy.yaml", server_.Policy(absl::StrCat("    calls_per_second: ", 100000 + i, "\n")));
    EXPECT_THAT(server_.Reload(), HasSubstr(kReloaded));
    server_.files().Put("server.yaml", absl::StrCat("seethepro.max_idle: ", 10 + i,
                                                    "s\nseethepro.wire_format: ", i % 2 == 0 ? "xml" : "json"));
    EXPECT_THAT(server_.Reload(), HasSubstr("seethepro.wire_format"));
  }
  EXPECT_GT(load.Stop(), kRotations);
  EXPECT_THAT(Call(*server_.Client()), Succeeds());
  EXPECT_EQ(LastKey(), absl::StrCat("key-", kRotations - 1));
}

TEST_F(ReloadTest, AThousandSignalsLoseNoCall) {
  Load load(server_, WithApiKey(kApiKey));
  for (int i = 0; i < 1000; ++i) {
    server_.process().Signal(SIGHUP);
    server_.process().Signal(SIGPIPE);
    absl::SleepFor(absl::Milliseconds(1));
  }
  EXPECT_GT(load.Stop(), 0);
  EXPECT_THAT(server_.Reload(), HasSubstr(kReloaded));
}

// The configuration file itself.
class ConfigFileTest : public ::testing::Test {
 protected:
  std::string Settings(absl::string_view more) const {
    return absl::StrCat("seethepro.base_url: ", upstream_.url(), "\nwolkvox.base_url: ", upstream_.url(),
                        "\negress.allow_plaintext: true\negress.allow_loopback: true\ncalls.drain_delay: 0s\n",
                        "admin.listen: \"off\"\nserver.listen: 127.0.0.1:0\n", more, "\n");
  }
  // Reads the configuration anew; what was logged then, up to `text`.
  std::string LogOfReload(const std::string& text) {
    const size_t before = server_.Stderr().size();
    server_.Signal(SIGHUP);
    EXPECT_TRUE(Eventually([&] { return server_.Stderr().find(text, before) != std::string::npos; })) << text;
    return server_.Stderr().substr(before);
  }

  RawUpstream upstream_{Always({RespondJson(200, kOk)})};
  Volume files_{{{"server.yaml", Settings("")}}};
  Subprocess server_{INTERACTION_SERVER, {"--config", files_.File("server.yaml")}};
};

TEST_F(ConfigFileTest, ChangesWhatItCanAndNamesWhatTakesARestart) {
  ASSERT_TRUE(server_.WaitForLine("\"serving\"").has_value());
  files_.Put("server.yaml", Settings("seethepro.wire_format: xml\nserver.lanes: 7\nlog.level: warning"));
  EXPECT_THAT(LogOfReload("after a restart"), HasSubstr("\"key\":\"server.lanes\""));
  files_.Put("server.yaml", Settings("log.level: info\nseethepro.wire_format: form"));
  LogOfReload("seethepro.wire_format, log.level");
}

TEST_F(ConfigFileTest, AMistakeIsNamedWithItsLineAndChangesNothing) {
  ASSERT_TRUE(server_.WaitForLine("\"serving\"").has_value());
  files_.Put("server.yaml", Settings("seethepro.wire_format: jsn"));
  EXPECT_THAT(LogOfReload(kKept), AllOf(HasSubstr("server.yaml:8"), HasSubstr("is not one of json, xml")));
  files_.Put("server.yaml", Settings("server.listen: 0.0.0.0:0"));
  LogOfReload("is given twice");
}

}  // namespace
}  // namespace interaction::testing
