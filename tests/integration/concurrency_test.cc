// Ten thousand calls in flight at once, on a handful of threads.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "tests/integration/gateway.h"
#include "tests/integration/server_process.h"
#include "tests/support/process_stats.h"
#include "tests/support/raw_upstream.h"
#include "tests/support/require.h"

namespace interaction::testing {
namespace {

constexpr int kCalls = 10000;
constexpr int kChannels = 100;

struct PendingCall {
  grpc::ClientContext context;
  grpc::Status status;
  v1::CreateVspInteractionResponse reply;
  std::unique_ptr<grpc::ClientAsyncResponseReader<v1::CreateVspInteractionResponse>> reader;
};

// Channels of their own: one HTTP/2 connection carries some hundred calls at once.
std::vector<std::unique_ptr<v1::InteractionService::Stub>> Stubs(const std::string& address) {
  std::vector<std::unique_ptr<v1::InteractionService::Stub>> stubs;
  for (int i = 0; i < kChannels; ++i) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    stubs.push_back(v1::InteractionService::NewStub(
        grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments)));
  }
  return stubs;
}

// Each call is a connection to the upstream, which is in this process.
void RaiseDescriptorLimit() {
  rlimit limit{};
  Require(getrlimit(RLIMIT_NOFILE, &limit) == 0, "getrlimit");
  limit.rlim_cur = limit.rlim_max;
  Require(setrlimit(RLIMIT_NOFILE, &limit) == 0, "setrlimit");
}

TEST(ConcurrencyTest, TenThousandCallsAtOnceSucceedOnFewThreads) {
  RaiseDescriptorLimit();
  absl::Notification all_arrived;  // the upstream answers none of them before it has all of them
  RawUpstream upstream(Always({WaitFor(all_arrived), RespondJson(200, R"({"InteractionId":"1"})")}));
  ServerProcess server(With(SettingsFor(upstream.url(), upstream.url()), {"server.lanes=2"}));
  const auto stubs = Stubs(server.address());
  grpc::CompletionQueue queue;
  std::vector<std::unique_ptr<PendingCall>> calls;
  for (int i = 0; i < kCalls; ++i) {
    auto call = std::make_unique<PendingCall>();
    call->context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    call->reader = stubs[i % kChannels]->AsyncCreateVspInteraction(&call->context, TestGateway::ValidVsp(), &queue);
    call->reader->Finish(&call->reply, &call->status, call.get());
    calls.push_back(std::move(call));
  }
  // A queue that nobody takes from sends nothing either.
  int succeeded = 0;
  std::thread client([&] {
    void* tag;
    bool ok;
    for (int i = 0; i < kCalls && queue.Next(&tag, &ok); ++i) succeeded += static_cast<PendingCall*>(tag)->status.ok();
  });
  EXPECT_TRUE(upstream.WaitForRequests(kCalls, absl::Seconds(50)));
  const int threads = ReadProcessStats(server.process().pid()).threads;
  all_arrived.Notify();
  client.join();
  EXPECT_EQ(succeeded, kCalls);
  EXPECT_EQ(upstream.counts().requests, static_cast<size_t>(kCalls));
  EXPECT_EQ(upstream.counts().most_at_once, static_cast<size_t>(kCalls));
  EXPECT_LE(threads, 24);  // main, two lanes, watcher, and a dozen of gRPC's own
  queue.Shutdown();
}

}  // namespace
}  // namespace interaction::testing
