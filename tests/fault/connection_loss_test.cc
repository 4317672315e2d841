// What becomes of a call whose connection to the upstream breaks after the request was sent: never a second POST.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/answer_matchers.h"
#include "tests/integration/gateway.h"
#include "tests/integration/vendor_replies.h"
#include "tests/support/certificates.h"
#include "tests/support/raw_upstream.h"
#include "tests/support/temp_dir.h"

namespace interaction::testing {
namespace {

auto IsConnectionLost() { return IsError(grpc::StatusCode::UNKNOWN, "UPSTREAM_CONNECTION_LOST", "unknown"); }

struct Ending {
  const char* name;
  Step step;
};

class ConnectionLossTest : public ::testing::TestWithParam<Ending> {};

TEST_P(ConnectionLossTest, AfterReadingOnAFreshConnectionIsUnknownAndNotRepeated) {
  RawUpstream upstream(Always({GetParam().step}));
  const TestGateway gateway(upstream.url());
  EXPECT_THAT(gateway.CreateVsp(), IsConnectionLost());
  EXPECT_THAT(gateway.AddWolkvox(), IsConnectionLost());
  EXPECT_EQ(upstream.counts().requests, 2u);
}

// libcurl by itself sends such a request again, silently: two calls would make three POSTs.
TEST_P(ConnectionLossTest, AfterReadingOnAReusedConnectionIsUnknownAndNotRepeated) {
  RawUpstream upstream([](const RecordedRequest& request) -> Script {
    if (request.on_connection == 0) return {RespondJson(200, kOk)};
    return {GetParam().step};
  });
  const TestGateway gateway(upstream.url(), [](config::Config& config) { config.server.lanes = 1; });
  EXPECT_THAT(gateway.CreateVsp(), Succeeds());
  EXPECT_THAT(gateway.CreateVsp(), IsConnectionLost());
  EXPECT_EQ(upstream.counts().requests, 2u);
  EXPECT_EQ(upstream.requests().back().on_connection, 1) << "the connection was not reused, so this showed nothing";
}

TEST_P(ConnectionLossTest, OverTlsOnAReusedConnectionIsUnknownAndNotRepeated) {
  const TempDir dir;
  CertificateAuthority authority(&dir);
  RawUpstreamOptions options;
  options.tls = TlsOptions{.identity = authority.Issue("upstream")};
  RawUpstream upstream(
      [](const RecordedRequest& request) -> Script {
        if (request.on_connection == 0) return {RespondJson(200, kOk)};
        return {GetParam().step};
      },
      options);
  const TestGateway gateway(upstream.url(), [&](config::Config& config) {
    config.server.lanes = 1;
    config.egress.allow_plaintext = false;
    config.egress.ca_file = authority.ca_file();
  });
  EXPECT_THAT(gateway.CreateVsp(), Succeeds());
  EXPECT_THAT(gateway.CreateVsp(), IsConnectionLost());
  EXPECT_EQ(upstream.counts().requests, 2u);
}

TEST_P(ConnectionLossTest, IsFollowedByACallThatSucceeds) {
  RawUpstream upstream(InOrder({{GetParam().step}, {RespondJson(200, kOk)}}));
  const TestGateway gateway(upstream.url());
  EXPECT_THAT(gateway.CreateVsp(), IsConnectionLost());
  EXPECT_THAT(gateway.CreateVsp(), Succeeds());
}

INSTANTIATE_TEST_SUITE_P(Endings, ConnectionLossTest, ::testing::Values(Ending{"Fin", Close()}, Ending{"Rst", Reset()}),
                         [](const auto& row) { return row.param.name; });

// The race that every client of kept connections runs: the upstream ends an idle one at the moment of its reuse.
TEST(ConnectionLossTest, AtTheMomentOfReuseIsUnknownOrOkAndNeverRepeated) {
  constexpr int kCallers = 8;
  constexpr int kCallsEach = 1'250;
  RawUpstream upstream([](const RecordedRequest& request) -> Script {
    return {RespondJson(200, kOk), Pause(absl::Microseconds(request.connection % 97 * 10)), Close()};
  });
  const TestGateway gateway(upstream.url(), [](config::Config& config) { config.calls.breaker = false; });
  std::atomic<int> answered{0}, lost{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < kCallers; ++i) {
    callers.emplace_back([&] {
      for (int n = 0; n < kCallsEach; ++n) {
        const VspAnswer answer = gateway.CreateVsp();
        if (answer.status.ok()) {
          ++answered;
        } else {
          EXPECT_THAT(answer, IsConnectionLost());
          ++lost;
        }
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  RecordProperty("answered", answered);
  RecordProperty("lost", lost);
  EXPECT_EQ(answered + lost, kCallers * kCallsEach);
  EXPECT_EQ(upstream.counts().requests, static_cast<size_t>(answered));
  EXPECT_LT(upstream.counts().connections, kCallers * kCallsEach) << "no connection was ever used again";
}

TEST(ConnectionLossTest, ByResetRightAfterTheHandshakeCountsAsPossiblySent) {
  RawUpstreamOptions options;
  options.on_connect = [](int) -> Script { return {AwaitBytes(), Reset()}; };
  RawUpstream upstream(Always({RespondJson(200, kOk)}), options);
  const TestGateway gateway(upstream.url());
  EXPECT_THAT(gateway.CreateVsp(), IsConnectionLost());
  EXPECT_EQ(upstream.counts().requests, 0u);
  EXPECT_EQ(upstream.counts().connections, 1u);
}

}  // namespace
}  // namespace interaction::testing
