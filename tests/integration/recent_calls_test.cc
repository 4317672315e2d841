// The last calls, as the admin port shows them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/integration/answer_matchers.h"
#include "tests/integration/server_process.h"
#include "tests/integration/vendor_replies.h"
#include "tests/support/eventually.h"
#include "tests/support/http_get.h"
#include "tests/support/raw_upstream.h"

namespace interaction::testing {
namespace {

using ::testing::SizeIs;
using Json = nlohmann::json;

constexpr char kId[] = "0f1a8a7e-3a0b-4f5e-9c58-6f1c2b7d9e10";

Json CallsOf(const ServerProcess& server, const std::string& query = "") {
  const HttpAnswer answer = Fetch(absl::StrCat("http://", server.admin_address(), "/calls", query));
  EXPECT_EQ(answer.status, 200) << answer.error << answer.body;
  return Json::parse(answer.body)["calls"];
}

TEST(RecentCallsTest, SayOfEachCallWhatBecameOfItAndWhereItsTimeWent) {
  RawUpstream upstream(Always({RespondJson(200, kOk)}));
  const ServerProcess server(SettingsFor(upstream.url(), upstream.url()));
  auto request = TestGateway::ValidVsp();
  request.set_request_id(kId);
  EXPECT_THAT(server.CreateVsp(request), Succeeds());
  EXPECT_THAT(server.CreateVsp(request), Succeeds());
  EXPECT_THAT(server.CreateVsp({}), IsError(grpc::StatusCode::INVALID_ARGUMENT, "INVALID_REQUEST", "not_applied"));
  // A call's end is told after its answer is on its way.
  EXPECT_TRUE(Eventually([&] { return CallsOf(server).size() == 3; }));

  const Json opened = CallsOf(server, absl::StrCat("?request_id=", kId));
  ASSERT_THAT(opened, SizeIs(2));
  EXPECT_EQ(opened[1]["outcome"], "applied");
  EXPECT_EQ(opened[1]["httpStatus"], 200);
  EXPECT_EQ(opened[1]["attempts"], 1);
  EXPECT_EQ(opened[1]["replayed"], false);
  EXPECT_GT(opened[1]["phasesMs"]["wait"], 0.0);
  EXPECT_LE(opened[1]["phasesMs"]["wait"], opened[1]["durationMs"]);
  EXPECT_EQ(opened[0]["replayed"], true);
  EXPECT_EQ(opened[1]["interactionId"], "1");
  const Json refused = CallsOf(server, "?outcome=not_applied&reason=INVALID_REQUEST");
  ASSERT_THAT(refused, SizeIs(1));
  EXPECT_EQ(refused[0]["phase"], "validate");
}

TEST(RecentCallsTest, AreWholeAndTheLatestWhileManyCallsEnd) {
  RawUpstream upstream(Always({RespondJson(200, kOk)}));
  const ServerProcess server(
      With(SettingsFor(upstream.url(), upstream.url()), {"admin.recent_calls=50", "log.calls=false"}));
  std::atomic<bool> done{false};
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] {
      while (!done) EXPECT_THAT(server.CreateVsp(TestGateway::ValidVsp()), Succeeds());
    });
  }
  EXPECT_TRUE(Eventually([&] { return CallsOf(server).size() == 50; }));
  std::string latest;
  for (int i = 0; i < 50; ++i) {
    const Json calls = CallsOf(server);
    // One that is being overwritten is left out.
    EXPECT_GE(calls.size(), 40u);
    EXPECT_LE(calls.size(), 50u);
    for (const Json& call : calls) {
      EXPECT_EQ(call["code"], "OK");
      EXPECT_EQ(call["method"], "CreateVspInteraction");
      EXPECT_EQ(absl::StrCat("http://", std::string(call["host"]), "/"), upstream.url());
    }
    EXPECT_GE(calls.at(0)["ended"], latest);
    latest = calls.at(0)["ended"];
  }
  done = true;
  for (std::thread& caller : callers) caller.join();
}

TEST(RecentCallsTest, AreNotKeptIfTheyAreSwitchedOff) {
  const ServerProcess server(With(SettingsFor("http://127.0.0.1:1", "http://127.0.0.1:1"), {"admin.recent_calls=0"}));
  EXPECT_EQ(Fetch(absl::StrCat("http://", server.admin_address(), "/calls")).status, 404);
}

}  // namespace
}  // namespace interaction::testing
