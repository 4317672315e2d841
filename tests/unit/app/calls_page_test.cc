#include "server/app/calls_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace interaction::app {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Json = nlohmann::json;
using Query = std::map<std::string, std::string>;

call::RecentCall Opened() {
  call::RecentCall call{.id = "0-1",
                        .ended = absl::FromUnixMillis(1'700'000'000'123),
                        .duration = absl::Microseconds(3500),
                        .upstream = "wolkvox",
                        .method = "AddWolkvoxInteraction"};
  call.in_phases[static_cast<size_t>(Phase::kWait)] = absl::Microseconds(1500);
  call.caller = "token:billing";
  call.host = "wv0042.wolkvox.com";
  call.request_id = "0f1a8a7e-3a0b-4f5e-9c58-6f1c2b7d9e10";
  call.trace_id = "4bf92f3577b34da6a3ce929d0e0e4736";
  call.http_status = 200;
  call.attempts = 1;
  return call;
}

call::RecentCall Lost() {
  call::RecentCall call = Opened();
  call.id = "0-2";
  call.code = absl::StatusCode::kUnknown;
  call.reason = Reason::kUpstreamConnectionLost;
  call.outcome = Outcome::kUnknown;
  call.phase = Phase::kWait;
  call.caller = "api_key:crm";
  call.request_id = "";
  return call;
}

Json Calls(const Query& query) { return Json::parse(CallsJson({Lost(), Opened()}, query))["calls"]; }

std::vector<std::string> Ids(const Query& query) {
  std::vector<std::string> ids;
  for (const Json& call : Calls(query)) ids.push_back(call["id"]);
  return ids;
}

TEST(CallsPageTest, ShowsACallUnderTheNamesOfItsLogLine) {
  EXPECT_EQ(Calls({}).at(1), Json::parse(R"({
    "id": "0-1", "ended": "2023-11-14T22:13:20.123Z", "method": "AddWolkvoxInteraction", "code": "OK",
    "outcome": "applied", "reason": "OK", "caller": "token:billing",
    "requestId": "0f1a8a7e-3a0b-4f5e-9c58-6f1c2b7d9e10", "durationMs": 3.5, "phasesMs": {"wait": 1.5},
    "upstream": "wolkvox", "host": "wv0042.wolkvox.com", "httpStatus": 200, "attempts": 1, "replayed": false,
    "bypassed": false, "traceId": "4bf92f3577b34da6a3ce929d0e0e4736", "requestBytes": 0, "replyBytes": 0})"));
}

TEST(CallsPageTest, ShowsWhyACallFailed) {
  const Json call = Calls({}).at(0);
  EXPECT_EQ(call["code"], "UNKNOWN");
  EXPECT_EQ(call["reason"], "UPSTREAM_CONNECTION_LOST");
  EXPECT_EQ(call["outcome"], "unknown");
  EXPECT_EQ(call["phase"], "wait");
  EXPECT_FALSE(call.contains("requestId"));
}

TEST(CallsPageTest, ChoosesByAllThatIsAskedFor) {
  EXPECT_THAT(Ids({}), SizeIs(2));
  EXPECT_THAT(Ids({{"outcome", "unknown"}}), ElementsAre("0-2"));
  EXPECT_THAT(Ids({{"reason", "upstream_connection_lost"}}), ElementsAre("0-2"));
  EXPECT_THAT(Ids({{"reason", "OK"}}), ElementsAre("0-1"));
  EXPECT_THAT(Ids({{"caller", "billing"}}), ElementsAre("0-1"));
  EXPECT_THAT(Ids({{"request_id", "0F1A8A7E-3a0b-4f5e-9c58-6f1c2b7d9e10"}}), ElementsAre("0-1"));
  EXPECT_THAT(Ids({{"request_id", "0f1a8a7e"}}), IsEmpty());
  EXPECT_THAT(Ids({{"trace_id", "4bf92f3577b34da6a3ce929d0e0e4736"}}), SizeIs(2));
  EXPECT_THAT(Ids({{"outcome", "unknown"}, {"caller", "billing"}}), IsEmpty());
  EXPECT_THAT(Ids({{"outcome", ""}, {"other", "key"}}), SizeIs(2));
}

}  // namespace
}  // namespace interaction::app
