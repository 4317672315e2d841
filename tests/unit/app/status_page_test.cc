#include "server/app/status_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace interaction::app {
namespace {

using Json = nlohmann::json;

TEST(StatusPageTest, TellsOfEachUpstreamItsBreakerLatencyLastFailureAndCredential) {
  Snapshot snapshot{.now = absl::FromUnixSeconds(2000), .steady_now = 500'000'000'000};
  call::CallMetrics::Total total;
  total.ended[static_cast<size_t>(Outcome::kApplied)] = 8;
  total.ended[static_cast<size_t>(Outcome::kUnknown)] = 2;
  total.durations.counts[3] = 10;  // from 2.5 to 5 ms
  total.durations.seconds = 0.04;
  total.last_failure = {.when = 490'000'000'000, .reason = Reason::kUpstreamTimeout};
  snapshot.totals.hosts = {{{"wolkvox", "wv0042.wolkvox.com"}, total}, {{"seethepro", "api.test"}, {}}};
  snapshot.breakers = {{"wolkvox", "wv0042.wolkvox.com", limits::Breaker::State::kOpen}};
  snapshot.files = {{"wolkvox.token_files", "/run/secrets/wolkvox", absl::FromUnixSeconds(1400)},
                    {"admin.token_file", "/run/secrets/admin", absl::FromUnixSeconds(500)}};

  const Json upstreams = Json::parse(StatusJson(snapshot))["upstreams"];
  const Json& wolkvox = upstreams.at(0);
  EXPECT_EQ(wolkvox["upstream"], "wolkvox");
  EXPECT_EQ(wolkvox["host"], "wv0042.wolkvox.com");
  EXPECT_EQ(wolkvox["breaker"], "open");
  EXPECT_EQ(wolkvox["applied"], 8);
  EXPECT_EQ(wolkvox["unknown"], 2);
  EXPECT_EQ(wolkvox["durations"]["count"], 10);
  EXPECT_DOUBLE_EQ(wolkvox["durations"]["p50Ms"], 3.75);
  EXPECT_EQ(wolkvox["lastFailure"], Json::parse(R"({"reason":"UPSTREAM_TIMEOUT","time":"1970-01-01T00:33:10Z"})"));
  EXPECT_EQ(
      wolkvox["credentials"],
      Json::parse(
          R"([{"key":"wolkvox.token_files","file":"/run/secrets/wolkvox","modified":"1970-01-01T00:23:20Z","ageSeconds":600}])"));
  EXPECT_EQ(upstreams.at(1)["breaker"], "closed");
  EXPECT_FALSE(upstreams.at(1).contains("lastFailure"));
}

}  // namespace
}  // namespace interaction::app
