#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/config/load.h"
#include "tests/support/matchers.h"
#include "tests/unit/config/temp_folder.h"

namespace interaction::config {
namespace {

using ::interaction::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

struct Case {
  const char* name;
  std::vector<std::string> sets;
  std::vector<std::string> lines;  // none: it loads
};

// In `sets`, FOLDER/ stands for the folder that holds these files: token (a secret), empty.
class CheckTest : public ::testing::TestWithParam<Case> {
 protected:
  CheckTest() {
    folder_.Write("token", "s3cret");
    folder_.Write("empty", "");
  }

  TempFolder folder_;
};

TEST_P(CheckTest, FindsWhatNoKeyCanTellAlone) {
  std::vector<std::string> sets = GetParam().sets;
  for (std::string& set : sets) absl::StrReplaceAll({{"FOLDER/", folder_.Path("")}}, &set);
  const auto config = Load({.sets = sets});
  if (GetParam().lines.empty()) {
    EXPECT_THAT(config, IsOk());
  } else {
    EXPECT_THAT(folder_.Lines(config.status()), ElementsAreArray(GetParam().lines));
  }
}

std::string CaseName(const ::testing::TestParamInfo<Case>& test) { return test.param.name; }

INSTANTIATE_TEST_SUITE_P(
    Plaintext, CheckTest,
    ::testing::ValuesIn(std::vector<Case>{
        {"Refused",
         {"seethepro.base_url=http://a/", "wolkvox.base_url=http://a/"},
         {"--set: seethepro.base_url: is http:// while egress.allow_plaintext is false; use https://",
          "--set: wolkvox.base_url: is http:// while egress.allow_plaintext is false; use https://"}},
        {"Allowed", {"seethepro.base_url=http://a/", "egress.allow_plaintext=true"}, {}},
    }),
    CaseName);

INSTANTIATE_TEST_SUITE_P(Times, CheckTest,
                         ::testing::ValuesIn(std::vector<Case>{
                             {"DrainShorterThanACallMayTake",
                              {"calls.drain_timeout=10s"},
                              {"--set: calls.drain_timeout: 10s is shorter than calls.default_deadline, 30s"}},
                             {"DefaultDeadlineLongerThanDrain",
                              {"calls.default_deadline=2m"},
                              {"--set: calls.default_deadline: 2m is longer than calls.drain_timeout, 1m5s"}},
                             {"DrainAsLongAsACall", {"calls.drain_timeout=30s"}, {}},
                             {"ConnectLongerThanTheCall",
                              {"seethepro.connect_timeout=10s", "seethepro.max_deadline=5s"},
                              {"--set: seethepro.connect_timeout: 10s is longer than seethepro.max_deadline, 5s"}},
                             {"CallShorterThanConnect",
                              {"wolkvox.max_deadline=1s"},
                              {"--set: wolkvox.max_deadline: 1s is shorter than wolkvox.connect_timeout, 3s"}},
                             {"IdleLongerThanLifetime",
                              {"wolkvox.max_idle=10m"},
                              {"--set: wolkvox.max_idle: 10m is longer than wolkvox.max_lifetime, 5m"}},
                         }),
                         CaseName);

INSTANTIATE_TEST_SUITE_P(
    Servers, CheckTest,
    ::testing::ValuesIn(std::vector<Case>{
        {"DefaultNotAllowed",
         {"wolkvox.default_server=0042", "wolkvox.allowed_servers=0100,0101"},
         {R"(--set: wolkvox.default_server: "0042" is not one of wolkvox.allowed_servers)"}},
        {"DefaultAllowedInAnotherSpelling", {"wolkvox.default_server=0042", "wolkvox.allowed_servers=WV0042"}, {}},
        {"DefaultWithoutAllowList", {"wolkvox.default_server=0042"}, {}},
        {"AllowListWithoutDefault", {"wolkvox.allowed_servers=0042"}, {}},
        {"TokenOfAServerThatIsNotAllowed",
         {"wolkvox.token_files.0042=FOLDER/token", "wolkvox.allowed_servers=0100"},
         {R"(--set: wolkvox.token_files.0042: "0042" is not one of wolkvox.allowed_servers)"}},
        {"TokenOfAllOthers", {"wolkvox.token_files.=FOLDER/token", "wolkvox.allowed_servers=0100"}, {}},
    }),
    CaseName);

INSTANTIATE_TEST_SUITE_P(
    BaseUrls, CheckTest,
    ::testing::ValuesIn(std::vector<Case>{
        {"WithThePathThatIsAdded",
         {"seethepro.base_url=https://a/api/vspinteraction/create",
          "wolkvox.base_url=https://wv{server}.a/api/v2/configuration.php"},
         {R"(--set: seethepro.base_url: "https://a/api/vspinteraction/create/" ends with api/vspinteraction/create, )"
          "which the gateway adds; remove it",
          R"(--set: wolkvox.base_url: "https://wv{server}.a/api/v2/configuration.php/" ends with )"
          "api/v2/configuration.php, which the gateway adds; remove it"}},
        {"WithAPathOfAProxys", {"seethepro.base_url=https://a/vsp"}, {}},
    }),
    CaseName);

// The line names where the key was set that makes the default of another one wrong.
INSTANTIATE_TEST_SUITE_P(
    Redis, CheckTest,
    ::testing::ValuesIn(std::vector<Case>{
        {"StoreWithoutRedis",
         {"idempotency.store=redis"},
         {"--set: redis.address: is empty while idempotency.store is redis; set it to host:port or unix:/path, or set "
          "redis.sentinels"}},
        {"AddressWithoutDigestKey",
         {"redis.address=redis:6379"},
         {"--set: redis.digest_key_file: is empty while redis.address is set; name a file with 32 random characters"}},
        {"UserWithoutPassword",
         {"redis.username=gateway"},
         {"--set: redis.username: is set without redis.password_file, so there would be no AUTH; set both or neither"}},
        {"AddressAndSentinels",
         {"redis.address=redis:6379", "redis.sentinels=one:26379,two:26379", "redis.sentinel_primary=mymaster",
          "redis.digest_key_file=tests/README.md"},
         {"--set: redis.sentinels: is set together with redis.address; set one of them",
          R"(--set: redis.digest_key_file: "tests/README.md" holds more than 512 characters)"}},
        {"SentinelsWithoutPrimary",
         {"redis.sentinels=one:26379"},
         {"--set: redis.sentinels: is set without redis.sentinel_primary; set both or neither",
          "--set: redis.digest_key_file: is empty while redis.sentinels is set; name a file with 32 random "
          "characters"}},
        {"TlsFilesWithoutTls",
         {"redis.tls_ca_file=tests/README.md"},
         {"--set: redis.tls_ca_file: is set while redis.tls is false"}},
    }),
    CaseName);

INSTANTIATE_TEST_SUITE_P(
    Callers, CheckTest,
    ::testing::ValuesIn(std::vector<Case>{
        {"EverybodyFromEverywhere",
         {"server.listen=[::]:50051"},
         {R"(--set: server.listen: "[::]:50051" can be reached from other machines, and anybody there could call with )"
          "the gateway's credentials: set callers.policy_file, or listen on 127.0.0.1, or set server.insecure: true if "
          "something else keeps others out"}},
        {"EverybodyOfThisMachine", {"server.listen=localhost:50051"}, {}},
        {"EverybodyByAUnixSocket", {"server.listen=unix:/run/gateway.sock"}, {}},
        {"EverybodyBecauseSomebodySaysSo", {"server.listen=0.0.0.0:50051", "server.insecure=true"}, {}},
        {"ProofsWithoutPolicy",
         {"callers.forwarded_from=unix", "callers.jwks_url=https://issuer/keys", "callers.token_issuer=a",
          "callers.token_audience=b"},
         {"--set: callers.jwks_url: is set without callers.policy_file, which says what callers may do",
          "--set: callers.forwarded_from: is set without callers.policy_file, which says what callers may do"}},
        {"KeysInClear",
         {"callers.policy_file=tests/testdata/policy.yaml", "callers.jwks_url=http://issuer/keys"},
         {"--set: callers.jwks_url: is http:// while egress.allow_plaintext is false; use https://",
          "--set: callers.token_issuer: is empty while callers.jwks_url is set; name the issuer (claim iss)",
          "--set: callers.token_audience: is empty while callers.jwks_url is set; otherwise tokens for other services "
          "would count"}},
        {"PolicyWithoutProofs",
         {"callers.policy_file=tests/testdata/policy.yaml"},
         {"--set: callers.policy_file: is set, but nothing says who calls: set server.tls_client_ca_file, "
          "callers.jwks_file, callers.jwks_url, callers.api_keys_file or callers.forwarded_from"}},
    }),
    CaseName);

TEST(WarningTest, AFileThatOthersMayWriteIsNamedWithItsMode) {
  TempFolder folder;
  const std::string key = folder.Write("key", "s3cret");
  const std::vector<std::string> sets = {"seethepro.app_access_key_file=" + key, "egress.ca_file=" + key};
  const auto warnings = [&](mode_t mode) {
    EXPECT_EQ(chmod(key.c_str(), mode), 0);
    const auto config = Load({.sets = sets});
    EXPECT_THAT(config, IsOk());
    return config.ok() ? config->warnings : std::vector<std::string>();
  };
  for (const mode_t mode : {0600, 0400, 0644, 0444, 0440}) EXPECT_THAT(warnings(mode), IsEmpty()) << mode;
  for (const mode_t mode : {0660, 0622, 0666}) EXPECT_THAT(warnings(mode), SizeIs(2)) << mode;
  EXPECT_THAT(
      warnings(0664),
      ElementsAre(HasSubstr("egress.ca_file"),
                  absl::StrCat("--set: seethepro.app_access_key_file: \"", key,
                               "\" has mode 0664: users other than its owner may write to it; run chmod go-w")));
}

TEST(WarningTest, KubernetesSecretsAreUsedWithoutOne) {
  TempFolder folder;  // the file is a link to a link, and readable for all
  std::filesystem::create_directory(folder.Path("..2026"));
  folder.Write("..2026/key", "s3cret");
  EXPECT_EQ(chmod(folder.Path("..2026/key").c_str(), 0644), 0);
  std::filesystem::create_directory_symlink("..2026", folder.Path("..data"));
  std::filesystem::create_symlink("..data/key", folder.Path("key"));
  const auto config = Load({.sets = {"seethepro.app_access_key_file=" + folder.Path("key")}});
  ASSERT_THAT(config, IsOk());
  EXPECT_THAT(config->warnings, IsEmpty());
  EXPECT_EQ(config->seethepro.app_access_key.Reveal(), "s3cret");
}

INSTANTIATE_TEST_SUITE_P(
    Files, CheckTest,
    ::testing::ValuesIn(std::vector<Case>{
        {"CertificateWithoutKey",
         {"egress.client_cert_file=FOLDER/empty"},
         {"--set: egress.client_cert_file: is set without egress.client_key_file; set both or neither"}},
        {"KeyWithoutCertificate",
         {"egress.client_key_file=FOLDER/empty"},
         {"--set: egress.client_key_file: is set without egress.client_cert_file; set both or neither"}},
        {"ServersCertificateWithoutKey",
         {"server.tls_cert_file=FOLDER/empty"},
         {"--set: server.tls_cert_file: is set without server.tls_key_file; set both or neither"}},
        {"CertificateAndKey", {"egress.client_key_file=FOLDER/empty", "egress.client_cert_file=FOLDER/empty"}, {}},
        {"MissingAuthorities",
         {"egress.ca_file=FOLDER/none"},
         {R"(--set: egress.ca_file: "none" cannot be read: No such file or directory)"}},
        {"EmptySecret",
         {"seethepro.app_access_key_file=FOLDER/empty"},
         {R"(--set: seethepro.app_access_key_file: "empty" is empty)"}},
        {"EverySecretThatIsMissing",
         {"wolkvox.token_files.1=FOLDER/none", "wolkvox.token_files.2=FOLDER/empty"},
         {R"(--set: wolkvox.token_files.1: "none" cannot be read: No such file or directory)",
          R"(--set: wolkvox.token_files.2: "empty" is empty)"}},
    }),
    CaseName);

}  // namespace
}  // namespace interaction::config
