// A replica is replaced while callers go on calling: nobody notices.
#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
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

}  // namespace
}  // namespace interaction::testing
