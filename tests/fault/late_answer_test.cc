// An upstream's answer that comes after its caller has left is found again by the line that the server logs, and only
// such an answer has one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "tests/integration/answer_matchers.h"
#include "tests/integration/server_process.h"
#include "tests/support/raw_upstream.h"
#include "tests/support/sockets.h"

namespace interaction::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kLateReply[] = R"({"InteractionId":"6f6c1b0e-51b5-4b0f-9d8a-0d6a3c6f3b11"})";
constexpr char kLate[] = "answer arrived after its caller had left";
constexpr char kRequestId[] = "0b6f2a7e-1a0f-4a8e-8f5e-6f1f0c2d9e55";

v1::CreateVspInteractionRequest WithRequestId() {
  auto request = TestGateway::ValidVsp();
  request.set_request_id(kRequestId);
  return request;
}

void GiveUpSoon(grpc::ClientContext& context) {
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(300));
}

TEST(LateAnswerTest, IsLoggedWithRequestIdAndInteractionId) {
  absl::Notification caller_has_left;
  RawUpstream upstream(Always({WaitFor(caller_has_left), RespondJson(200, kLateReply)}));
  ServerProcess server(SettingsFor(upstream.url(), upstream.url()));
  ASSERT_THAT(server.CreateVsp(WithRequestId(), GiveUpSoon),
              IsError(grpc::StatusCode::DEADLINE_EXCEEDED, "UPSTREAM_TIMEOUT", "unknown"));
  caller_has_left.Notify();
  const std::string line = server.process().WaitForLine(kLate).value_or("");
  EXPECT_THAT(line, HasSubstr(R"("outcome":"applied")"));
  EXPECT_THAT(line, HasSubstr(R"("requestId":"0b6f2a7e-1a0f-4a8e-8f5e-6f1f0c2d9e55")"));
  EXPECT_THAT(line, HasSubstr(R"("interactionId":"6f6c1b0e-51b5-4b0f-9d8a-0d6a3c6f3b11")"));
}

// Each of these ends before its caller begins to wait.
TEST(LateAnswerTest, IsNotWhatACallerHasHeardAtOnce) {
  RawUpstream upstream(Always({RespondJson(200, kLateReply)}));
  const RefusingPort refusing;
  const std::string nobody = absl::StrCat("http://127.0.0.1:", refusing.port());
  ServerProcess server(With(SettingsFor(upstream.url(), nobody), {"calls.retry=false", "server.lanes=1"}));
  ASSERT_THAT(server.CreateVsp(WithRequestId()), Succeeds());
  EXPECT_THAT(server.CreateVsp(WithRequestId()), IsReplayed());
  auto reused = WithRequestId();
  reused.set_interaction_name("another");
  EXPECT_EQ(server.CreateVsp(reused).reason, "REQUEST_ID_REUSED");
  WolkvoxAnswer refused;
  for (int i = 0; i < 10; ++i) refused = server.AddWolkvox(TestGateway::ValidWolkvox());
  EXPECT_EQ(refused.reason, "UPSTREAM_CIRCUIT_OPEN");
  server.process().Signal(SIGTERM);
  ASSERT_EQ(server.process().Wait(), ExitStatus{});
  EXPECT_THAT(server.process().Stderr(), Not(HasSubstr(kLate)));
}

}  // namespace
}  // namespace interaction::testing
