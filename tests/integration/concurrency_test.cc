// Ten thousand calls in flight at once, on a handful of threads.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/integration/gateway.h"
#include "tests/support/process_stats.h"
#include "tests/support/raw_upstream.h"

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
std::vector<std::unique_ptr<v1::InteractionService::Stub>> Stubs(uint16_t port) {
  std::vector<std::unique_ptr<v1::InteractionService::Stub>> stubs;
  for (int i = 0; i < kChannels; ++i) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    stubs.push_back(v1::InteractionService::NewStub(
        grpc::CreateCustomChannel(absl::StrCat("127.0.0.1:", port), grpc::InsecureChannelCredentials(), arguments)));
  }
  return stubs;
}

TEST(ConcurrencyTest, TenThousandSlowCallsSucceedOnFewThreads) {
  RawUpstream upstream(Always({Pause(absl::Seconds(1)), RespondJson(200, R"({"InteractionId":"1"})")}));
  const TestGateway gateway(upstream.url());
  const auto stubs = Stubs(gateway.port());
  grpc::CompletionQueue queue;
  std::vector<std::unique_ptr<PendingCall>> calls;
  for (int i = 0; i < kCalls; ++i) {
    auto call = std::make_unique<PendingCall>();
    call->context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    call->reader = stubs[i % kChannels]->AsyncCreateVspInteraction(&call->context, TestGateway::ValidVsp(), &queue);
    call->reader->Finish(&call->reply, &call->status, call.get());
    calls.push_back(std::move(call));
  }
  EXPECT_TRUE(upstream.WaitForRequests(kCalls / 2, absl::Seconds(60)));
  const int threads =
      ReadProcessStats().threads;  // this process: lanes, watcher, upstream, resolver, gRPC's own, client's
  int succeeded = 0;
  for (int i = 0; i < kCalls; ++i) {
    void* tag;
    bool ok;
    ASSERT_TRUE(queue.Next(&tag, &ok));
    const auto* call = static_cast<PendingCall*>(tag);
    succeeded += call->status.ok();
    EXPECT_TRUE(call->status.ok()) << call->status.error_message();
  }
  EXPECT_EQ(succeeded, kCalls);
  EXPECT_EQ(upstream.counts().requests, static_cast<size_t>(kCalls));
  EXPECT_GT(upstream.counts().most_at_once, static_cast<size_t>(kCalls / 2));
  EXPECT_LE(threads, 40);
  queue.Shutdown();
  void* tag;
  bool ok;
  while (queue.Next(&tag, &ok)) {
  }
}

}  // namespace
}  // namespace interaction::testing
