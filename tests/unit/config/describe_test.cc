#include "server/config/describe.h"

#include <cstdlib>
#include <fstream>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/config/files.h"
#include "server/config/keys.h"
#include "server/config/load.h"
#include "tests/support/matchers.h"
#include "tests/unit/config/temp_folder.h"

namespace interaction::config {
namespace {

using ::interaction::testing::IsOk;
using ::interaction::testing::IsOkAndHolds;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kExample[] = "config/interaction-server.example.yaml";  // tests run in the root of the repository

TEST(ExampleTest, IsTheReferenceThatTheTableGives) {
  if (std::getenv("UPDATE_GOLDENS") != nullptr) std::ofstream(kExample) << Reference();
  EXPECT_THAT(ReadFile(kExample, 1 << 20), IsOkAndHolds(Reference()))
      << "UPDATE_GOLDENS=1 ctest -R config_describe_test writes it";
}

TEST(ExampleTest, LoadsAndIsExactlyTheDefaults) {
  const auto config = Load({.file = kExample});
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(Describe(*config), Describe(Config{}));
}

TEST(ExampleTest, ShowsEveryKeyWithItsVariableAndNoOther) {
  const auto text = ReadFile(kExample, 1 << 20);
  ASSERT_THAT(text, IsOk());
  size_t keys = 0;
  for (const Section& section : Sections()) {
    for (const Key& key : section.keys) {
      ++keys;
      EXPECT_THAT(*text, HasSubstr(absl::StrCat("\n  ", key.path.substr(section.name.size() + 1), ": ")));
      EXPECT_THAT(*text, HasSubstr(absl::StrCat("  # ", EnvironmentName(key.path))));
    }
  }
  size_t lines = 0;
  for (absl::string_view line : absl::StrSplit(*text, '\n')) {
    lines += absl::StartsWith(line, "  ") && !absl::StartsWith(line, "  #");
  }
  EXPECT_EQ(lines, keys);
}

TEST(DescribeTest, LoadsAgainAsTheSameConfiguration) {
  TempFolder folder;
  const std::string token = folder.Write("token \"1\"", "s3cret");
  const auto config =
      Load({.sets = {"server.spin=50us", "calls.drain_delay=1.5s", "seethepro.wire_format=form", "server.lanes=3",
                     "wolkvox.allowed_servers=0042,0100", "wolkvox.token_files.0042=" + token,
                     "wolkvox.token_files.=" + token, "seethepro.app_access_key_file=" + token, "log.level=error"}});
  ASSERT_THAT(config, IsOk());
  const auto again = Load({.file = folder.Write("config.yaml", Describe(*config))});
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(Describe(*again), Describe(*config));
  EXPECT_THAT(Describe(*again), HasSubstr("  allowed_servers: [\"0042\", \"0100\"]\n"));
}

TEST(DescribeTest, ShowsWhereSecretsComeFromAndNotThem) {
  TempFolder folder;
  const std::string token = folder.Write("token", "s3cret");
  const auto config = Load({.sets = {"wolkvox.token_files.0042=" + token, "seethepro.app_access_key_file=" + token,
                                     "egress.proxy=http://user:s3cret@proxy:3128"}});
  ASSERT_THAT(config, IsOk());
  const std::string text = Describe(*config);
  EXPECT_THAT(text, HasSubstr(absl::StrCat("  app_access_key_file: \"", token, "\"\n")));
  EXPECT_THAT(text, HasSubstr(absl::StrCat("  token_files: {\"0042\": \"", token, "\"}\n")));
  EXPECT_THAT(text, HasSubstr("  proxy: \"http://***@proxy:3128\"\n"));
  EXPECT_THAT(text, Not(HasSubstr("s3cret")));
}

TEST(KeysTest, EveryPathBelongsToItsSectionAndIsDocumentedOnOneLine) {
  for (const Section& section : Sections()) {
    for (const Key& key : section.keys) {
      EXPECT_TRUE(absl::StartsWith(key.path, section.name + ".")) << key.path;
      EXPECT_THAT(key.path, Not(HasSubstr("__"))) << "two underscores are a dot in a variable";
      EXPECT_THAT(key.doc, ::testing::EndsWith(".")) << key.path;
      EXPECT_THAT(key.doc, Not(HasSubstr("\n"))) << key.path;
      EXPECT_THAT(key.form, Not(::testing::IsEmpty())) << key.path;
    }
  }
}

}  // namespace
}  // namespace interaction::config
