#include "server/app/options.h"

#include <vector>

#include "gtest/gtest.h"
#include "server/config/keys.h"
#include "server/config/upstreams.h"

namespace interaction::app {
namespace {

// A connection that is closed before its longest call has ended leaves the outcome of that call unknown.
TEST(OptionsTest, BothTransportsKeepConnectionsForTheLongestDeadlineOfAnyUpstream) {
  for (const config::Section& section : config::Sections()) {
    for (const config::Key& key : section.keys) {
      if (key.path != section.name + ".max_deadline") continue;
      config::Config config;
      ASSERT_TRUE(key.set("", std::vector<std::string>{"9m"}, config).ok());
      EXPECT_GT(FrontOptions(config).longest_call, absl::Minutes(9)) << key.path;
      EXPECT_GT(GrpcTransportOptions(config).longest_call, absl::Minutes(9)) << key.path;
    }
  }
}

TEST(OptionsTest, TheFrontKeepsToTheConfiguredConnections) {
  config::Config config;
  config.server.max_connections = 7;
  config.server.max_connections_per_peer = 3;
  EXPECT_EQ(FrontOptions(config).max_connections, 7);
  EXPECT_EQ(FrontOptions(config).max_connections_per_peer, 3);
}

TEST(OptionsTest, BothTransportsKeepToTheConfiguredAgeOfConnections) {
  config::Config config;
  config.server.max_connection_age = absl::Seconds(7);
  EXPECT_EQ(FrontOptions(config).max_age, absl::Seconds(7));
  EXPECT_EQ(GrpcTransportOptions(config).max_connection_age, absl::Seconds(7));
}

}  // namespace
}  // namespace interaction::app
