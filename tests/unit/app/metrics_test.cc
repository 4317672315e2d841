#include "server/app/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/app/status_page.h"
#include "server/call/call_metrics.h"
#include "server/config/files.h"
#include "server/telemetry/counters.h"
#include "server/telemetry/exposition.h"
#include "tests/support/matchers.h"

namespace interaction::app {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::IsOkAndHolds;

constexpr char kDocument[] = "docs/metrics.md";  // tests run in the root of the repository

// A gateway with everything that has a metric.
Snapshot Full() {
  const call::CallMetrics calls(1, {{"wolkvox", "interaction.v1.InteractionService", "AddWolkvoxInteraction"}},
                                {{"wolkvox", "wv0042.wolkvox.com"}});
  Snapshot snapshot{.now = absl::FromUnixSeconds(2000), .started = absl::FromUnixSeconds(1000)};
  snapshot.health.is_serving = true;
  snapshot.address = "127.0.0.1:50051";
  snapshot.connections = 3;
  snapshot.calls_in_flight = 5;
  snapshot.calls = calls.Collect();
  snapshot.counters.resize(static_cast<size_t>(telemetry::Counter::kCount), 7);
  snapshot.lanes.resize(1);
  snapshot.breakers = {{"wolkvox", "wv0042.wolkvox.com", limits::Breaker::State::kOpen}};
  snapshot.permits = {{.upstream = "wolkvox", .active = 2, .waiting = 4, .parked = 1}};
  snapshot.spans = {21, 22};
  snapshot.records = 11;
  snapshot.record_bytes = 1100;
  snapshot.health.redis_connected = true;
  snapshot.redis_commands = {{"", telemetry::HistogramValue{.counts = {3}, .seconds = 0.001}}};
  snapshot.certificates = {{"server", absl::FromUnixSeconds(5000)}};
  snapshot.files = {{"admin.token_file", "/run/secrets/admin", absl::FromUnixSeconds(500)}};
  snapshot.configuration = {{"server.listen", "127.0.0.1:50051"}};
  return snapshot;
}

absl::string_view TypeName(telemetry::MetricType type) {
  switch (type) {
    case telemetry::MetricType::kCounter:
      return "counter";
    case telemetry::MetricType::kGauge:
      return "gauge";
    case telemetry::MetricType::kHistogram:
      return "histogram";
    case telemetry::MetricType::kSummary:
      return "summary";
  }
  return "";
}

std::string Document() {
  std::string text =
      "# Metrics\n"
      "\n"
      "What `/metrics` of the admin port shows, in Prometheus' text format or, by negotiation, as OpenMetrics. A test "
      "writes\n"
      "this page from the metrics themselves. Every series but those of hosts and statuses that are new is there from "
      "the\n"
      "start; the number of series is bounded whatever callers and upstreams send.\n"
      "\n"
      "| name | type | labels | what |\n"
      "|---|---|---|---|\n";
  for (const telemetry::MetricFamily& family : MetricsOf(Full())) {
    std::vector<std::string> labels;
    if (!family.series.empty()) {
      for (const auto& [name, value] : family.series.front().labels) labels.push_back(absl::StrCat("`", name, "`"));
    }
    absl::StrAppend(&text, "| `", family.name, "` | ", TypeName(family.type), " | ", absl::StrJoin(labels, ", "), " | ",
                    family.help, " |\n");
  }
  return text;
}

TEST(MetricsTest, AreListedInTheDocument) {
  if (std::getenv("UPDATE_GOLDENS") != nullptr) std::ofstream(kDocument) << Document();
  EXPECT_THAT(config::ReadFile(kDocument, 1 << 20), IsOkAndHolds(Document()))
      << "UPDATE_GOLDENS=1 ctest -R app_metrics_test writes it";
}

TEST(MetricsTest, NoNameIsThereTwice) {
  std::set<std::string> names;
  for (const telemetry::MetricFamily& family : MetricsOf(Full())) {
    EXPECT_TRUE(names.insert(family.name).second) << family.name;
  }
}

TEST(MetricsTest, ShowTheStateOfTheGateway) {
  const std::string text = WriteMetrics(MetricsOf(Full()), telemetry::Exposition::kPrometheusText);
  for (const char* series :
       {"\ninteraction_calls_in_flight 5\n", "\ninteraction_client_connections 3\n", "\ninteraction_retries_total 7\n",
        "\ninteraction_permits_waiting{upstream=\"wolkvox\"} 4\n",
        "\ninteraction_credentials_parked{upstream=\"wolkvox\"} 1\n",
        "\ninteraction_breaker_open{upstream=\"wolkvox\",server_address=\"wv0042.wolkvox.com\"} 1\n",
        "\ninteraction_certificate_end_timestamp_seconds{use=\"server\"} 5000\n", "\ninteraction_redis_connected 1\n",
        "\ndb_client_operation_duration_seconds_count{db_system_name=\"redis\",error_type=\"\"} 3\n"}) {
    EXPECT_THAT(text, HasSubstr(series));
  }
}

TEST(MetricsTest, TheProcessUsesSomethingOfEverything) {
  for (const telemetry::MetricFamily& family : MetricsOf(Full())) {
    if (!absl::StartsWith(family.name, "process_")) continue;
    EXPECT_GT(family.series.at(0).value, 0) << family.name;
  }
}

TEST(StatusPageTest, ShowsTheSnapshotAsJson) {
  EXPECT_THAT(StatusJson(Full()),
              AllOf(HasSubstr("\"state\": \"serving\""), HasSubstr("\"uptimeSeconds\": 1000"),
                    HasSubstr("\"parkedCredentials\": 1"), HasSubstr("\"server.listen\": \"127.0.0.1:50051\""),
                    HasSubstr("\"end\": \"1970-01-01T01:23:20Z\"")));
}

}  // namespace
}  // namespace interaction::app
