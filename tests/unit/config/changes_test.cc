#include "server/config/changes.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace interaction::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

TEST(ChangesTest, KeepsWhatNeedsARestartAndNamesIt) {
  Config current, next;
  next.server.lanes = 7;
  next.seethepro.wire_format = WireFormat::kXml;
  next.wolkvox.token_files["0042"] = "/run/token";
  const Changes changes = Apply(current, &next);
  EXPECT_THAT(changes.need_restart, ElementsAre("server.lanes"));
  EXPECT_THAT(changes.reloaded, ElementsAre("seethepro.wire_format", "wolkvox.token_files"));
  EXPECT_EQ(next.server.lanes, current.server.lanes);
  EXPECT_EQ(next.seethepro.wire_format, WireFormat::kXml);
}

TEST(ChangesTest, FindsNoneBetweenEqualConfigurations) {
  Config next;
  const Changes changes = Apply(Config{}, &next);
  EXPECT_THAT(changes.need_restart, IsEmpty());
  EXPECT_THAT(changes.reloaded, IsEmpty());
}

TEST(ChangesTest, KnowsTheFilesOfAConfiguration) {
  Config config;
  EXPECT_THAT(FilesOf(config), IsEmpty());
  config.server.tls_cert_file = "/a";
  config.callers.policy_file = "/b";
  config.wolkvox.token_files = {{"1", "/c"}, {"2", "/d"}};
  config.redis.digest_key_file = "/e";
  EXPECT_THAT(FilesOf(config), UnorderedElementsAre("/a", "/b", "/c", "/d", "/e"));
}

}  // namespace
}  // namespace interaction::config
