// A replica is replaced, or connections reach their age, while callers go on calling: nobody notices.
#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/integration/answer_matchers.h"
#include "tests/integration/gateway.h"
#include "tests/integration/server_process.h"
#include "tests/support/raw_upstream.h"

namespace interaction::testing {
namespace {

constexpr int kCallers = 50;

// As services of a mesh call: over all replicas in turn, but for those that are not SERVING.
constexpr char kServiceConfig[] = R"({
  "loadBalancingConfig": [{"round_robin": {}}],
  "healthCheckConfig": {"serviceName": "interaction.v1.InteractionService"}
})";

std::shared_ptr<grpc::Channel> ChannelTo(const ServerProcess& one, const ServerProcess& other) {
  grpc::ChannelArguments arguments;
  arguments.SetServiceConfigJSON(kServiceConfig);
  return grpc::CreateCustomChannel(absl::StrCat("ipv4:", one.address(), ",", other.address()),
                                   grpc::InsecureChannelCredentials(), arguments);
}

std::shared_ptr<grpc::Channel> ChannelTo(const ServerProcess& server) {
  return grpc::CreateChannel(absl::StrCat("ipv4:", server.address()), grpc::InsecureChannelCredentials());
}

// Callers that make one call after the other, until they are told to stop.
class Callers {
 public:
  explicit Callers(std::shared_ptr<grpc::Channel> channel) : client_(std::move(channel)) {
    for (int i = 0; i < kCallers; ++i) threads_.emplace_back([this] { Call(); });
  }
  ~Callers() { Stop(); }

  void Stop() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }
  int calls() const { return calls_; }

 private:
  void Call() {
    while (!stop_) {
      EXPECT_THAT(client_.CreateVsp(TestGateway::ValidVsp()), Succeeds());
      ++calls_;
    }
  }

  const GatewayClient client_;
  std::atomic<bool> stop_{false};
  std::atomic<int> calls_{0};
  std::vector<std::thread> threads_;
};

TEST(RollingRestartTest, LosesNoCallWhileAnotherReplicaServes) {
  RawUpstream upstream(Always({Pause(absl::Milliseconds(500)), RespondJson(200, R"({"InteractionId":"1"})")}));
  const auto settings = With(SettingsFor(upstream.url(), upstream.url()), {"calls.drain_delay=500ms"});
  ServerProcess leaving(settings);
  const ServerProcess staying(settings);
  Callers callers(ChannelTo(leaving, staying));
  EXPECT_TRUE(upstream.WaitForRequests(2 * kCallers));
  leaving.process().Signal(SIGTERM);
  EXPECT_EQ(leaving.process().Wait(), (ExitStatus{.code = 0}));
  const int calls_without_it = callers.calls();
  EXPECT_TRUE(upstream.WaitForRequests(upstream.counts().requests + 2 * kCallers));
  callers.Stop();
  EXPECT_GE(callers.calls(), calls_without_it + 2 * kCallers);
  EXPECT_EQ(upstream.counts().requests, static_cast<size_t>(callers.calls()));
}

class ConnectionAgeTest : public ::testing::TestWithParam<const char*> {};

TEST_P(ConnectionAgeTest, LosesNoCallWhenConnectionsReachIt) {
  RawUpstream upstream(Always({RespondJson(200, R"({"InteractionId":"1"})")}));
  const ServerProcess server(With(SettingsFor(upstream.url(), upstream.url()),
                                  {absl::StrCat("server.transport=", GetParam()), "server.max_connection_age=1s"}));
  const auto channel = ChannelTo(server);
  Callers callers(channel);
  const auto deadline = std::chrono::system_clock::now() + std::chrono::seconds(30);
  ASSERT_TRUE(channel->WaitForConnected(deadline));
  for (int connections = 1; connections < 4; ++connections) {
    EXPECT_TRUE(channel->WaitForStateChange(GRPC_CHANNEL_READY, deadline)) << "after " << connections;
    ASSERT_TRUE(channel->WaitForConnected(deadline));
  }
  callers.Stop();
  EXPECT_EQ(upstream.counts().requests, static_cast<size_t>(callers.calls()));
}

INSTANTIATE_TEST_SUITE_P(Transports, ConnectionAgeTest, ::testing::Values("h2", "grpc"),
                         [](const auto& row) { return std::string(row.param); });

}  // namespace
}  // namespace interaction::testing
