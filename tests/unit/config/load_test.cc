#include "server/config/load.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/config/describe.h"
#include "server/config/keys.h"
#include "tests/support/matchers.h"
#include "tests/unit/config/temp_folder.h"

namespace interaction::config {
namespace {

using ::interaction::testing::IsOk;
using ::interaction::testing::StatusIs;
using ::testing::_;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::Pair;

std::vector<std::string> Lines(const absl::StatusOr<Config>& config) {
  return absl::StrSplit(config.status().message(), '\n');
}

TEST(LoadTest, WithNoSourceEverythingIsAtItsDefault) {
  const auto config = Load({});
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(Describe(*config), Describe(Config{}));
}

TEST(LoadTest, FlagsWinOverVariablesAndVariablesOverTheFile) {
  TempFolder folder;
  const std::string file =
      folder.Write("config.yaml", "calls:\n  max_in_flight: 1\nserver:\n  lanes: 1\n  spin: 1ms\n");
  const auto config = Load({.file = file,
                            .environment = {{"INTERACTION_SERVER__LANES", "2"}, {"INTERACTION_SERVER__SPIN", "2ms"}},
                            .sets = {"server.spin=3ms", "server.spin=4ms"}});
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->calls.max_in_flight, 1);
  EXPECT_EQ(config->server.lanes, 2);
  EXPECT_EQ(config->server.spin, absl::Milliseconds(4)) << "of two flags the last one";
}

TEST(LoadTest, ListsAreReplacedAndMapsAreMerged) {
  TempFolder folder;
  const std::string a = folder.Write("a", "token-a");
  const std::string b = folder.Write("b", "token-b");
  const std::string file = folder.Write(
      "config.yaml", "wolkvox:\n  allowed_servers: ['1', '2']\n  token_files: {'3': " + a + ", '4': " + a + "}\n");
  const auto config = Load({.file = file,
                            .environment = {{"INTERACTION_WOLKVOX__ALLOWED_SERVERS", "3, wv4,ab-c"},
                                            {"INTERACTION_WOLKVOX__TOKEN_FILES__4", b}},
                            .sets = {"wolkvox.token_files.ab-c=" + b, "wolkvox.token_files.=" + b}});
  ASSERT_THAT(config, IsOk());
  EXPECT_THAT(config->wolkvox.allowed_servers, ElementsAre("3", "4", "ab-c"));
  EXPECT_THAT(config->wolkvox.token_files, ElementsAre(Pair("", b), Pair("3", a), Pair("4", b), Pair("ab-c", b)));
  EXPECT_EQ(config->wolkvox.tokens.at("3").Reveal(), "token-a");
  EXPECT_EQ(config->wolkvox.tokens.at("").Reveal(), "token-b");
}

TEST(LoadTest, AnEmptyVariableMakesAnEmptyList) {
  const auto config = Load({.environment = {{"INTERACTION_WOLKVOX__ALLOWED_SERVERS", ""}}});
  ASSERT_THAT(config, IsOk());
  EXPECT_THAT(config->wolkvox.allowed_servers, ElementsAre());
}

TEST(LoadTest, EveryFormOfValueReachesItsMember) {
  const auto config =
      Load({.sets = {"server.listen=[::1]:0", "server.reflection=false", "server.max_message_bytes=2MiB",
                     "seethepro.wire_format=xml", "seethepro.caller_credentials=allow", "seethepro.max_deadline=90s",
                     "wolkvox.max_idle=2s", "log.level=debug", "wolkvox.default_server=WV0042",
                     "egress.proxy=http://u:p@proxy:3128"}});
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->server.listen, "[::1]:0");
  EXPECT_FALSE(config->server.reflection);
  EXPECT_EQ(config->server.max_message_bytes, 2 << 20);
  EXPECT_EQ(config->seethepro.wire_format, WireFormat::kXml);
  EXPECT_EQ(config->seethepro.upstream.caller_credentials, CallerCredentials::kAllow);
  EXPECT_EQ(config->wolkvox.upstream.caller_credentials, CallerCredentials::kRefuse);
  EXPECT_EQ(config->seethepro.upstream.max_deadline, absl::Seconds(90));
  EXPECT_EQ(config->wolkvox.upstream.max_idle, absl::Seconds(2));
  EXPECT_EQ(config->log.level, "debug");
  EXPECT_EQ(config->wolkvox.default_server, "0042");
  EXPECT_EQ(config->egress.proxy, "http://u:p@proxy:3128");
}

// The member of each key is its own: setting one key changes its line of the description and no other.
TEST(LoadTest, EveryKeyHasAMemberOfItsOwn) {
  const std::vector<std::string> candidates = {"false",      "true",        "3",    "3s",       "3ms",
                                               "3m",         "3KiB",        "3MiB", "xml",      "allow",
                                               "redis",      "open",        "wait", "debug",    "https://x.example/",
                                               "http://x:1", "127.0.0.1:3", "grpc", "optional", "text"};
  for (const Section& section : Sections()) {
    for (const Key& key : section.keys) {
      Config config;
      for (const std::string& text : candidates) {
        if (!key.set("a", std::vector<std::string>{text}, config).ok()) continue;
        if (Describe(config) != Describe(Config{})) break;
        config = Config{};
      }
      const std::vector<std::string> before = absl::StrSplit(Describe(Config{}), '\n');
      const std::vector<std::string> after = absl::StrSplit(Describe(config), '\n');
      ASSERT_EQ(before.size(), after.size());
      int changed = 0;
      for (size_t i = 0; i < before.size(); ++i) changed += before[i] != after[i];
      EXPECT_EQ(changed, 1) << key.path;
      EXPECT_NE(key.format(config), key.format(Config{})) << key.path;
    }
  }
}

TEST(LoadTest, AllProblemsAreReportedAtOnceInTheOrderOfTheSources) {
  TempFolder folder;
  const std::string file = folder.Write("config.yaml",
                                        "server:\n"
                                        "  lisen: 0.0.0.0:1\n"
                                        "  lanes: many\n"
                                        "seethepro:\n"
                                        "  wire_format: jsn\n"
                                        "  app_access_key_file: key\n");
  const auto config = Load({.file = file,
                            .environment = {{"INTERACTION_CALLS__DRAIN_DELAY", "0"}},
                            .sets = {"log.level=loud", "wolkvox.default_server=a.b"}});
  EXPECT_THAT(config, StatusIs(absl::StatusCode::kInvalidArgument, _));
  EXPECT_THAT(
      folder.Lines(config.status()),
      ElementsAre("config.yaml:2: server.lisen: is not a key; did you mean server.listen?",
                  R"(config.yaml:3: server.lanes: "many" is not a whole number from 0 to 1024)",
                  R"(config.yaml:5: seethepro.wire_format: "jsn" is not one of json, xml, form)",
                  R"(INTERACTION_CALLS__DRAIN_DELAY: calls.drain_delay: "0" is not a time with its unit, from 0s )"
                  "to 10m",
                  R"(--set: log.level: "loud" is not one of debug, info, warning, error)",
                  R"(--set: wolkvox.default_server: "a.b" is not the name of a server: at most 32 letters, digits and )"
                  "inner hyphens",
                  R"(config.yaml:6: seethepro.app_access_key_file: "key" cannot be read: No such file or directory)"));
}

struct Case {
  const char* name;
  std::vector<std::pair<std::string, std::string>> environment;
  std::vector<std::string> sets;
  std::vector<std::string> lines;  // of the error; none: it loads
};

class LoadProblemTest : public ::testing::TestWithParam<Case> {};

TEST_P(LoadProblemTest, IsOneLineThatSaysWhereAndWhat) {
  const auto config = Load({.environment = GetParam().environment, .sets = GetParam().sets});
  if (GetParam().lines.empty()) {
    EXPECT_THAT(config, IsOk());
  } else {
    EXPECT_THAT(Lines(config), ElementsAreArray(GetParam().lines));
  }
}

std::string CaseName(const ::testing::TestParamInfo<Case>& test) { return test.param.name; }

INSTANTIATE_TEST_SUITE_P(
    Variables, LoadProblemTest,
    ::testing::ValuesIn(std::vector<Case>{
        {"OthersArePassedOver", {{"PATH", "/bin"}, {"INTERACTIONX", "1"}, {"interaction_server__lanes", "x"}}, {}, {}},
        {"TheOneThatNamesTheFileIsLeftToMain", {{"INTERACTION_CONFIG", "a.yaml"}}, {}, {}},
        {"ThoseOfKubernetesServicesArePassedOver",
         {{"INTERACTION_GATEWAY_SERVICE_HOST", "10.0.0.1"},
          {"INTERACTION_GATEWAY_SERVICE_PORT", "50051"},
          {"INTERACTION_GATEWAY_SERVICE_PORT_GRPC", "50051"},
          {"INTERACTION_GATEWAY_PORT", "tcp://10.0.0.1:50051"},
          {"INTERACTION_GATEWAY_PORT_50051_TCP", "tcp://10.0.0.1:50051"},
          {"INTERACTION_GATEWAY_PORT_50051_TCP_ADDR", "10.0.0.1"},
          {"INTERACTION_GATEWAY_PORT_50051_TCP_PORT", "50051"},
          {"INTERACTION_GATEWAY_PORT_50051_TCP_PROTO", "tcp"},
          {"INTERACTION_SERVER_PORT", "udp://10.0.0.1:53"}},
         {},
         {}},
        {"ThoseOfTheCommandLineClientArePassedOver",
         {{"INTERACTION_ADDRESS", "localhost:1"},
          {"INTERACTION_APP_ACCESS_KEY", "k"},
          {"INTERACTION_WOLKVOX_TOKEN", "t"}},
         {},
         {}},
        {"Misspelt",
         {{"INTERACTION_SERVER__LISTN", "a"}},
         {},
         {"INTERACTION_SERVER__LISTN: is not the variable of a key; did you mean INTERACTION_SERVER__LISTEN?"}},
        {"OneUnderscoreOnly",
         {{"INTERACTION_SERVER_LISTEN", "a"}},
         {},
         {"INTERACTION_SERVER_LISTEN: is not the variable of a key; did you mean INTERACTION_SERVER__LISTEN?"}},
        {"WhatOtherProgramsCallIt",
         {{"INTERACTION_SERVER__PORT", "1"}, {"INTERACTION_SERVER_PORT", "50099"}},
         {},
         {"INTERACTION_SERVER_PORT: is not the variable of a key; did you mean INTERACTION_SERVER__LISTEN?",
          "INTERACTION_SERVER__PORT: is not the variable of a key; did you mean INTERACTION_SERVER__LISTEN?"}},
        {"EntryOfAMapWithOneUnderscore",
         {{"INTERACTION_WOLKVOX_TOKEN_FILES_0042", "/a"}},
         {},
         {"INTERACTION_WOLKVOX_TOKEN_FILES_0042: is not the variable of a key; did you mean "
          "INTERACTION_WOLKVOX__TOKEN_FILES__<NAME>?"}},
        {"FarFromAll",
         {{"INTERACTION_COLOUR", "red"}},
         {},
         {"INTERACTION_COLOUR: is not the variable of a key; --print-config shows the keys"}},
        {"PortOfAServiceThatIsNone",
         {{"INTERACTION_GATEWAY_SERVICE_PORT", "50051"}},
         {},
         {"INTERACTION_GATEWAY_SERVICE_PORT: is not the variable of a key; --print-config shows the keys"}},
        {"LowerCase",
         {{"INTERACTION_server__lanes", "1"}},
         {},
         {"INTERACTION_server__lanes: server.lanes: must be written INTERACTION_SERVER__LANES"}},
        {"WholeMap",
         {{"INTERACTION_WOLKVOX__TOKEN_FILES", "/a"}},
         {},
         {"INTERACTION_WOLKVOX__TOKEN_FILES: wolkvox.token_files: is a map; set one of its entries: "
          "wolkvox.token_files.name"}},
        {"Section", {{"INTERACTION_SERVER", "a"}}, {}, {"INTERACTION_SERVER: is a section of keys, not a key"}},
        {"Empty",
         {{"INTERACTION_SERVER__LANES", ""}},
         {},
         {R"(INTERACTION_SERVER__LANES: server.lanes: "" is not a whole number from 0 to 1024)"}},
    }),
    CaseName);

INSTANTIATE_TEST_SUITE_P(
    Flags, LoadProblemTest,
    ::testing::ValuesIn(std::vector<Case>{
        {"WithoutEquals", {}, {"log.level=info", "s3cret"}, {"--set: number 2 is not of the form path=value"}},
        {"UnknownPathDoesNotShowItsValue",
         {},
         {"seethepro.app_access_key=s3cret"},
         {"--set: seethepro.app_access_key: is not a key; did you mean seethepro.app_access_key_file?"}},
        {"NoPath", {}, {"=1"}, {"--set: is not a key"}},
        {"EqualsInTheValue", {}, {"egress.proxy=http://u:a=b@proxy"}, {}},
    }),
    CaseName);

INSTANTIATE_TEST_SUITE_P(
    Values, LoadProblemTest,
    ::testing::ValuesIn(std::vector<Case>{
        {"IntegerOverflow",
         {},
         {"server.lanes=4294967296"},
         {R"(--set: server.lanes: "4294967296" is not a whole number from 0 to 1024)"}},
        {"Boolean", {}, {"server.reflection=yes"}, {R"(--set: server.reflection: "yes" is not true or false)"}},
        {"TimeWithoutUnit",
         {},
         {"calls.default_deadline=30"},
         {R"(--set: calls.default_deadline: "30" is not a time with its unit, from 1ms to 10m)"}},
        {"TimeOutOfRange",
         {},
         {"server.spin=11ms"},
         {R"(--set: server.spin: "11ms" is not a time with its unit, from 0s to 10ms)"}},
        {"Size",
         {},
         {"server.max_message_bytes=1GB"},
         {R"(--set: server.max_message_bytes: "1GB" is not a size from 1KiB to 64MiB)"}},
        {"Listen",
         {},
         {"server.listen=50051"},
         {R"(--set: server.listen: "50051" is not host:port, [IPv6]:port or unix:/path: the host ends with a )"
          R"(number but is not an IPv4 address)"}},
        {"BaseUrl",
         {},
         {"seethepro.base_url=https://user:s3cret@a/"},
         {R"(--set: seethepro.base_url: "https://***@a/" is not http(s)://host[:port][/path]: a user and )"
          R"(password are not allowed here)"}},
        {"BaseUrlTemplate",
         {},
         {"wolkvox.base_url=https://{server}/"},
         {R"(--set: wolkvox.base_url: "https://{server}/" is not http(s)://host[:port][/path] with {server} at most )"
          "once, in the host before a dot"}},
        {"Proxy",
         {},
         {"egress.proxy=user:s3cret@proxy:3128"},
         {R"(--set: egress.proxy: "***@proxy:3128" is not http://[user:password@]host[:port]: it does )"
          "not begin with http://"}},
        {"ProxyWithTls",
         {},
         {"egress.proxy=https://proxy:3128"},
         {R"(--set: egress.proxy: "https://proxy:3128" is not http://[user:password@]host[:port]: the gateway speaks )"
          "to a proxy without TLS; what it sends to an https:// upstream is encrypted all the way"}},
        {"ProxyWhoseHostIsNotWhereItSeems",
         {},
         {"egress.proxy=http://user:s3cr#t@proxy:3128"},
         {R"(--set: egress.proxy: "http://***@proxy:3128" is not http://[user:password@]host[:port]: in a )"
          R"(user and password, write @ : / ? # and % as %40 %3A %2F %3F %23 and %25)"}},
        {"NetworkThatDoesNotGoPastTheProxy",
         {},
         {"egress.no_proxy=a.example, 10.0.0.0/8"},
         {R"(--set: egress.no_proxy: "a.example, 10.0.0.0/8" is not hosts, .domains and IP addresses separated )"
          R"(by commas, or *: "10.0.0.0/8": networks and URLs are not supported)"}},
        {"AddressOfRedisWithoutAPort",
         {},
         {"redis.address=redis:0"},
         {R"(--set: redis.address: "redis:0" is not host:port, [IPv6]:port or unix:/path)"}},
        {"ItemOfAList",
         {},
         {"wolkvox.allowed_servers=a,,b"},
         {R"(--set: wolkvox.allowed_servers: "" is not the name of a server: at most 32 letters, digits and inner )"
          "hyphens"}},
        {"NameOfAMap",
         {},
         {"wolkvox.token_files.a_b=/x"},
         {R"(--set: wolkvox.token_files.a_b: "a_b" is not the name of a server: at most 32 letters, digits and inner )"
          "hyphens"}},
        {"SecondSpellingOfAName",
         {},
         {"wolkvox.token_files.wv0042=/x"},
         {R"(--set: wolkvox.token_files.wv0042: must be written "0042")"}},
        {"EmptyPathInAMap",
         {},
         {"wolkvox.token_files.0042="},
         {R"(--set: wolkvox.token_files.0042: "" is not the path of a file)"}},
    }),
    CaseName);

}  // namespace
}  // namespace interaction::config
