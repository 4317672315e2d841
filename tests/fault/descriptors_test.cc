// A server that runs out of file descriptors.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <future>
#include <vector>

#include "absl/time/clock.h"
#include "tests/integration/answer_matchers.h"
#include "tests/integration/gateway.h"
#include "tests/integration/server_process.h"
#include "tests/integration/vendor_replies.h"
#include "tests/support/process_stats.h"
#include "tests/support/raw_upstream.h"
#include "tests/support/require.h"

namespace interaction::testing {
namespace {

using ::grpc::StatusCode;
using ::testing::Gt;
using ::testing::Lt;

TEST(DescriptorsTest, CallsBeyondThemAreRefusedCheaplyUntilSomeAreFree) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "UBSan opens a pipe to look at an object's type, and takes a failure to do so for a wrong type";
#endif
  RawUpstream upstream(Always({RespondJson(200, kOk)}));
  ServerProcess server(SettingsFor(upstream.url(), upstream.url()));
  EXPECT_THAT(server.CreateVsp(TestGateway::ValidVsp()), Succeeds());
  const pid_t pid = server.process().pid();
  const rlimit few{.rlim_cur = 64, .rlim_max = 64};
  Require(prlimit(pid, RLIMIT_NOFILE, &few, nullptr) == 0, "prlimit");
  upstream.OnRequest(Always({Pause(absl::Seconds(1)), RespondJson(200, kOk)}));

  const absl::Duration cpu_before = ReadProcessStats(pid).cpu;
  const absl::Time start = absl::Now();
  std::vector<std::future<VspAnswer>> calls;
  for (int i = 0; i < 100; ++i) {
    calls.push_back(std::async(std::launch::async, [&] { return server.CreateVsp(TestGateway::ValidVsp()); }));
  }
  size_t succeeded = 0;
  for (auto& call : calls) {
    const VspAnswer answer = call.get();
    succeeded += answer.status.ok();
    if (answer.status.ok()) continue;
    EXPECT_THAT(answer, IsError(StatusCode::RESOURCE_EXHAUSTED, "LOCAL_RESOURCE", "not_applied"));
  }
  EXPECT_THAT(ReadProcessStats(pid).cpu - cpu_before, Lt((absl::Now() - start) / 2));
  EXPECT_THAT(succeeded, Gt(0u));
  EXPECT_THAT(succeeded, Lt(calls.size()));
  EXPECT_EQ(upstream.counts().requests, 1 + succeeded);

  EXPECT_THAT(server.CreateVsp(TestGateway::ValidVsp()), Succeeds());
  EXPECT_EQ(upstream.counts().requests, 2 + succeeded);
}

}  // namespace
}  // namespace interaction::testing
