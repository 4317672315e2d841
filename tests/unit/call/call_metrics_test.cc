#include "server/call/call_metrics.h"

#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "server/telemetry/exposition.h"
#include "tests/unit/call/call_test_fixture.h"

namespace interaction::call {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class CallMetricsTest : public testing::CallTest {
 protected:
  std::string Text() const { return telemetry::WriteMetrics(metrics_.Collect(), telemetry::Exposition::kOpenMetrics); }

  void End(Call& call, CallResult result) {
    call.result = std::move(result);
    metrics_.OnEnd(call);
  }

  CallMetrics metrics_{/*lanes=*/1, {{"fake", "test.v1.Service", "Fake"}}, {{"fake", "upstream.test"}}};
};

TEST_F(CallMetricsTest, EverySeriesIsThereFromTheStart) {
  const std::string text = Text();
  for (
      const char* series :
      {R"(grpc_server_started_total{grpc_type="unary",grpc_service="test.v1.Service",grpc_method="Fake"} 0)",
       R"(grpc_server_handled_total{grpc_type="unary",grpc_service="test.v1.Service",grpc_method="Fake",grpc_code="Unavailable"} 0)",
       R"(interaction_calls_total{rpc="Fake",reason="UPSTREAM_TIMEOUT",outcome="unknown"} 0)",
       R"(interaction_upstream_attempts_total{upstream="fake",server_address="upstream.test",status_class="5xx",attempt="3+",outcome="unknown"} 0)",
       R"(interaction_upstream_failures_total{upstream="fake",server_address="upstream.test",phase="connect"} 0)"}) {
    EXPECT_THAT(text, HasSubstr(series));
  }
}

TEST_F(CallMetricsTest, CountsACallUnderTheNamesOfGrpcPrometheusAndOfOpenTelemetry) {
  auto call = MakeCall();
  metrics_.OnStart(*call);
  clock_.Advance(absl::Milliseconds(3));
  End(*call, {.status = Error(Reason::kUpstreamTimeout)});
  const std::string text = Text();
  for (
      const char* series :
      {R"(grpc_server_started_total{grpc_type="unary",grpc_service="test.v1.Service",grpc_method="Fake"} 1)",
       R"(grpc_method="Fake",grpc_code="DeadlineExceeded"} 1)",
       R"(grpc_server_handling_seconds_bucket{grpc_type="unary",grpc_service="test.v1.Service",grpc_method="Fake",le="0.005"} 1)",
       R"(rpc_server_call_duration_seconds_count{rpc_system_name="grpc",rpc_method="test.v1.Service/Fake",rpc_response_status_code="DEADLINE_EXCEEDED"} 1)",
       R"(interaction_calls_total{rpc="Fake",reason="UPSTREAM_TIMEOUT",outcome="unknown"} 1)"}) {
    EXPECT_THAT(text, HasSubstr(series));
  }
}

TEST_F(CallMetricsTest, ACallOfASampledTraceIsAnExemplar) {
  auto call = MakeCall();
  call->trace = {.trace_id = "4bf92f3577b34da6a3ce929d0e0e4736",
                 .span_id = "00f067aa0ba902b7",
                 .sampling = telemetry::Sampling::kNo};
  End(*call, {});
  EXPECT_THAT(Text(), Not(HasSubstr("4bf92f3577b34da6a3ce929d0e0e4736")));
  call->trace.sampling = telemetry::Sampling::kYes;
  End(*call, {});
  EXPECT_THAT(Text(), HasSubstr(R"(# {trace_id="4bf92f3577b34da6a3ce929d0e0e4736"})"));
}

TEST_F(CallMetricsTest, CountsTheTimeInEachPhase) {
  auto call = MakeCall();
  call->times.Enter(Phase::kQueue, clock_.SteadyNow());
  clock_.Advance(absl::Milliseconds(500));
  call->times.Leave(clock_.SteadyNow());
  End(*call, {});
  EXPECT_THAT(Text(), HasSubstr(R"(interaction_call_phase_seconds_sum{rpc="Fake",phase="queue"} 0.5)"));
  EXPECT_THAT(Text(), HasSubstr(R"(interaction_call_phase_seconds_count{rpc="Fake",phase="queue"} 1)"));
}

TEST_F(CallMetricsTest, CountsAnAttemptByHostStatusNumberAndOutcome) {
  auto call = MakeCall();
  call->authority = "upstream.test";
  metrics_.OnAttemptEnd(*call, {.number = 2,
                                .status = Error(Reason::kUpstreamInternalError).In(Phase::kDecode),
                                .http_status = 500,
                                .duration = absl::Milliseconds(20)});
  const std::string text = Text();
  for (
      const char* series :
      {R"(server_address="upstream.test",status_class="5xx",attempt="2",outcome="unknown"} 1)",
       R"(server_address="upstream.test",phase="decode"} 1)",
       R"(http_client_request_duration_seconds_count{upstream="fake",http_request_method="POST",server_address="upstream.test",server_port="",http_response_status_code="500",error_type="500"} 1)"}) {
    EXPECT_THAT(text, HasSubstr(series));
  }
}

TEST_F(CallMetricsTest, SumsUpWhatBecameOfCallsAndRequestsAndTheirLastFailure) {
  auto call = MakeCall();
  call->authority = "upstream.test";
  metrics_.OnAttemptEnd(*call, {.http_status = 200, .duration = absl::Milliseconds(20)});
  clock_.Advance(absl::Seconds(1));
  metrics_.OnAttemptEnd(*call, {.status = Error(Reason::kUpstreamInternalError), .http_status = 500});
  End(*call, {.status = Error(Reason::kUpstreamInternalError)});
  clock_.Advance(absl::Seconds(1));
  End(*call, {});
  const CallMetrics::Totals totals = metrics_.Sum();
  ASSERT_EQ(totals.rpcs.size(), 1u);
  ASSERT_EQ(totals.hosts.size(), 1u) << "others, which have had no request, are left out";
  EXPECT_EQ(totals.hosts[0].first.authority, "upstream.test");
  for (const CallMetrics::Total& total : {totals.rpcs[0].second, totals.hosts[0].second}) {
    EXPECT_EQ(total.ended[static_cast<size_t>(Outcome::kApplied)], 1);
    EXPECT_EQ(total.ended[static_cast<size_t>(Outcome::kUnknown)], 1);
    EXPECT_EQ(total.durations.count(), 2);
    ASSERT_TRUE(total.last_failure.has_value());
    EXPECT_EQ(total.last_failure->reason, Reason::kUpstreamInternalError);
    EXPECT_EQ(total.last_failure->when, clock_.SteadyNow() - 1'000'000'000);
  }
}

TEST_F(CallMetricsTest, TwoUpstreamsOnOneHostAreCountedApart) {
  const CallMetrics metrics(1, {{"one", "S", "One"}, {"other", "S", "Other"}}, {{"one", "h"}, {"other", "h"}});
  const std::string text = telemetry::WriteMetrics(metrics.Collect(), telemetry::Exposition::kOpenMetrics);
  EXPECT_THAT(text, HasSubstr(R"({upstream="one",server_address="h",phase="connect"} 0)"));
  EXPECT_THAT(text, HasSubstr(R"({upstream="other",server_address="h",phase="connect"} 0)"));
}

TEST_F(CallMetricsTest, HostsAndStatusesBeyondTheLimitsCountTogether) {
  auto call = MakeCall();
  for (size_t i = 0; i < 2 * CallMetrics::kMaxHosts; ++i) {
    call->authority = absl::StrCat("host", i, ".test:8443");
    for (int status = 200; status < 240; ++status) metrics_.OnAttemptEnd(*call, {.http_status = status});
  }
  std::map<std::string, size_t> hosts, statuses;
  for (const auto& family : metrics_.Collect()) {
    if (family.name != "http_client_request_duration_seconds") continue;
    for (const auto& series : family.series) {
      const std::map<std::string, std::string> labels(series.labels.begin(), series.labels.end());
      ++hosts[labels.at("server_address")];
      ++statuses[labels.at("http_response_status_code")];
    }
  }
  EXPECT_EQ(hosts.size(), CallMetrics::kMaxHosts + 1);
  EXPECT_TRUE(hosts.contains("other"));
  EXPECT_LE(statuses.size(), CallMetrics::kMaxStatuses);
  EXPECT_TRUE(statuses.contains("other"));
}

}  // namespace
}  // namespace interaction::call
