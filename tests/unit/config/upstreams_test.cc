#include "server/config/upstreams.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/config/keys.h"

namespace interaction::config {
namespace {

using ::testing::ElementsAreArray;

TEST(UpstreamsTest, EverySectionWithTheKeysOfAnUpstreamIsInTheList) {
  std::vector<std::string> with_keys;
  for (const Section& section : Sections()) {
    for (const Key& key : section.keys) {
      if (key.path == absl::StrCat(section.name, ".max_deadline")) with_keys.push_back(section.name);
    }
  }
  std::vector<std::string> listed;
  const Config config;
  for (const ConfiguredUpstream& upstream : Upstreams(config)) listed.push_back(upstream.section);
  EXPECT_THAT(listed, ElementsAreArray(with_keys));
}

// Each entry refers to the keys of its own section.
TEST(UpstreamsTest, AKeySetInASectionChangesTheEntryOfThatSection) {
  for (const Section& section : Sections()) {
    for (const Key& key : section.keys) {
      if (key.path != absl::StrCat(section.name, ".max_deadline")) continue;
      Config config;
      ASSERT_TRUE(key.set("", std::vector<std::string>{"7m"}, config).ok());
      for (const ConfiguredUpstream& upstream : Upstreams(config)) {
        EXPECT_EQ(upstream.options.max_deadline == absl::Minutes(7), upstream.section == section.name) << key.path;
      }
    }
  }
}

}  // namespace
}  // namespace interaction::config
