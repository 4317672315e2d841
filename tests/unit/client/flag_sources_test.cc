#include "client/cli/flag_sources.h"

#include <sys/stat.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/client/cli_invocation.h"
#include "tests/unit/client/fake_gateway.h"

namespace interaction::cli {
namespace {

using ::interaction::testing::FakeGateway;
using ::interaction::testing::IsOkAndHolds;
using ::interaction::testing::StatusIs;
using ::interaction::testing::TempDir;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

// What a dry run with these surroundings says about where the call would go.
std::string RouteWith(const std::vector<std::string>& args, const Surroundings& surroundings) {
  std::vector<std::string> all = {"create-vsp", "--dry-run"};
  all.insert(all.end(), args.begin(), args.end());
  return Invoke(all, surroundings).err;
}

TEST(FlagSourcesTest, AFlagIsTakenFromTheCommandLineThenTheEnvironmentThenTheProfile) {
  TempDir dir;
  const std::string profiles = dir.Write("profiles.yaml", "profiles: {p: {address: profile.example:1}}");
  const Surroundings profile = {{{"INTERACTION_PROFILE", "p"}, {"INTERACTION_PROFILES", profiles}}, ""};
  Surroundings environment = profile;
  environment.variables["INTERACTION_ADDRESS"] = "environment.example:1";

  EXPECT_THAT(RouteWith({}, profile), HasSubstr("profile.example:1 in plaintext"));
  EXPECT_THAT(RouteWith({}, environment), HasSubstr("environment.example:1"));
  EXPECT_THAT(RouteWith({"--address", "flag.example:1"}, environment), HasSubstr("flag.example:1"));
}

TEST(FlagSourcesTest, TheDefaultProfileOfTheUsersFileIsUsedWithoutBeingNamed) {
  TempDir dir;
  ASSERT_EQ(mkdir(dir.File("interactionctl").c_str(), 0700), 0);
  dir.Write("interactionctl/profiles.yaml", "default: p\nprofiles:\n  p: {address: profile.example:1, tls: true}\n");

  EXPECT_THAT(RouteWith({}, {{{"XDG_CONFIG_HOME", dir.path()}}, ""}), HasSubstr("profile.example:1 over TLS"));
}

TEST(FlagSourcesTest, AUserWithoutAFileHasNoProfile) {
  TempDir dir;

  EXPECT_THAT(RouteWith({}, {{{"HOME", dir.path()}}, ""}), HasSubstr("127.0.0.1:50051 in plaintext"));
}

TEST(FlagSourcesTest, AFieldOfTheEnvironmentIsWeakerThanJson) {
  const Surroundings surroundings = {
      {{"INTERACTION_INTERACTION_NAME", "environment"}, {"INTERACTION_ACCOUNT_ID", "environment"}},
      R"({"interaction_name": "json"})"};

  const Result result = Invoke({"create-vsp", "--dry-run", "--json", "-"}, surroundings);

  EXPECT_THAT(result.out, HasSubstr("interaction_name      json\n"));
  EXPECT_THAT(result.out, HasSubstr("account_id            environment\n"));
}

struct WrongSource {
  const char* name;
  std::map<std::string, std::string> variables;
  std::string profiles;
  std::string err;
};

class WrongSourceTest : public ::testing::TestWithParam<WrongSource> {};

TEST_P(WrongSourceTest, IsNamedWithWhatWouldBeRight) {
  TempDir dir;
  Surroundings surroundings = {GetParam().variables, ""};
  surroundings.variables["INTERACTION_PROFILES"] = dir.Write("p.yaml", GetParam().profiles);

  const Result result = Invoke({"create-vsp", "--dry-run"}, surroundings);

  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(
      result.err,
      absl::StrCat("interactionctl: ", absl::StrReplaceAll(GetParam().err, {{"FILE", dir.File("p.yaml")}}), "\n"));
}

INSTANTIATE_TEST_SUITE_P(
    Sources, WrongSourceTest,
    ::testing::Values(WrongSource{"Variable",
                                  {{"INTERACTION_TIMEOUT", "30"}},
                                  "",
                                  "INTERACTION_TIMEOUT: must be a duration above zero, such as 30s or 1m30s"},
                      WrongSource{"EmptyVariable", {{"INTERACTION_CA", ""}}, "", "INTERACTION_CA: has an empty value"},
                      WrongSource{"ProfileThatIsNotThere",
                                  {{"INTERACTION_PROFILE", "prodution"}},
                                  "profiles: {production: {}}",
                                  "FILE has no profile 'prodution'; did you mean 'production'?"},
                      WrongSource{"KeyOfAProfile",
                                  {{"INTERACTION_PROFILE", "p"}},
                                  "profiles: {p: {adress: x}}",
                                  "FILE: adress is not a flag for every command; did you mean 'address'?"},
                      WrongSource{"ValueOfAProfile",
                                  {{"INTERACTION_PROFILE", "p"}},
                                  "profiles: {p: {output: xml}}",
                                  "FILE: output: must be table, json, yaml or ndjson"},
                      WrongSource{"NoYaml", {}, "profiles: {\n", "FILE:2: end of map flow not found"}),
    [](const auto& test) { return test.param.name; });

TEST(ReadProfileTest, AFlagMayHaveSeveralValues) {
  TempDir dir;
  const std::string file = dir.Write("p.yaml", "profiles: {p: {metadata: [a=1, b=2], tls: true}}");

  EXPECT_THAT(ReadProfile(file, "p"), IsOkAndHolds(UnorderedElementsAre(Pair("metadata", ElementsAre("a=1", "b=2")),
                                                                        Pair("tls", ElementsAre("true")))));
  EXPECT_THAT(ReadProfile(file, ""), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(ReadProfile(dir.File("none"), "p"), StatusIs(absl::StatusCode::kNotFound, HasSubstr("No such file")));
}

TEST(FlagSourcesTest, MetadataOfAProfileReachesTheGateway) {
  TempDir dir;
  FakeGateway gateway;
  const std::string file = dir.Write("p.yaml", absl::StrCat("default: p\nprofiles: {p: {metadata: [tenant=a, team=b], ",
                                                            "address: '", gateway.target(), "'}}"));

  EXPECT_EQ(Invoke({"create-vsp", "--profiles", file}).exit_code, 0);

  ASSERT_THAT(gateway.calls(), ::testing::SizeIs(1));
  EXPECT_THAT(gateway.calls()[0].metadata, Contains(Pair("tenant", "a")));
  EXPECT_THAT(gateway.calls()[0].metadata, Contains(Pair("team", "b")));
}

}  // namespace
}  // namespace interaction::cli
