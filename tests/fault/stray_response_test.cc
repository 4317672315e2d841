// What an upstream sends on a connection with no request under way is nobody's answer: the next call gets its own, on
// another connection, and is sent once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "tests/integration/answer_matchers.h"
#include "tests/integration/gateway.h"
#include "tests/support/certificates.h"
#include "tests/support/eventually.h"
#include "tests/support/raw_upstream.h"
#include "tests/support/temp_dir.h"

namespace interaction::testing {
namespace {

std::string Reply(absl::string_view id) { return absl::StrCat(R"({"InteractionId":")", id, R"("})"); }
std::string StrayReply() { return HttpResponse(200, "application/json", Reply("stray")); }

MATCHER_P(OpensInteraction, id, "") {
  *result_listener << arg.status.error_message() << " " << arg.reason << " " << arg.reply.interaction_id();
  return arg.status.ok() && arg.reply.interaction_id() == id;
}

struct Stray {
  const char* name;
  Script script;
};

// Each is played plain and over TLS.
class StrayResponseTest : public ::testing::TestWithParam<std::tuple<bool, Stray>> {
 protected:
  // Answers each request with "real-N", N its number, and plays the stray script on connection 0 when the test says so.
  StrayResponseTest()
      : upstream_(
            [this](const RecordedRequest& request) -> Script {
              Script script = {RespondJson(200, Reply(absl::StrCat("real-", requests_++)))};
              if (request.connection > 0) return script;
              script.push_back(WaitFor(first_answer_taken_));
              const Script& stray = std::get<Stray>(GetParam()).script;
              script.insert(script.end(), stray.begin(), stray.end());
              return script;
            },
            Options()),
        gateway_(upstream_.url(), [this](config::Config& config) {
          config.server.lanes = 1;
          config.egress.allow_plaintext = !over_tls();
          config.egress.ca_file = authority_.ca_file();
        }) {}

  static bool over_tls() { return std::get<bool>(GetParam()); }

  // Whether the stray script has been played: what it sends is in the gateway's socket then.
  bool StrayHasArrived() {
    first_answer_taken_.Notify();
    return Eventually([this] { return upstream_.counts().being_answered == 0; });
  }

  const TempDir dir_;
  CertificateAuthority authority_{&dir_};
  absl::Notification first_answer_taken_;
  int requests_ = 0;
  RawUpstream upstream_;
  const TestGateway gateway_;

 private:
  RawUpstreamOptions Options() {
    RawUpstreamOptions options;
    if (over_tls()) options.tls = TlsOptions{.identity = authority_.Issue("upstream")};
    return options;
  }
};

TEST_P(StrayResponseTest, OnAnIdleConnectionIsNotTheNextCallsAnswer) {
  ASSERT_THAT(gateway_.CreateVsp(), OpensInteraction("real-0"));
  ASSERT_TRUE(StrayHasArrived());
  EXPECT_THAT(gateway_.CreateVsp(), OpensInteraction("real-1"));
  EXPECT_THAT(gateway_.CreateVsp(), OpensInteraction("real-2"));
  const std::vector<RecordedRequest> requests = upstream_.requests();
  ASSERT_EQ(requests.size(), 3u) << "three calls are three POSTs";
  EXPECT_EQ(requests[1].connection, 1) << "the connection was used again";
  EXPECT_EQ(requests[2].connection, 1) << "the good connection was not kept";
}

// The gateway hangs up when the stray bytes arrive, not only when it wants to use the connection again.
TEST_P(StrayResponseTest, EndsTheIdleConnectionAtOnce) {
  ASSERT_THAT(gateway_.CreateVsp(), OpensInteraction("real-0"));
  ASSERT_TRUE(StrayHasArrived());
  EXPECT_TRUE(upstream_.WaitForOpenAtMost(0));
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, StrayResponseTest,
    ::testing::Combine(
        ::testing::Bool(),
        ::testing::Values(
            Stray{"SecondResponse", {Send(StrayReply())}}, Stray{"TextTail", {Send("<br />\nWarning: late\n")}},
            // By itself it would make one call POST twice.
            Stray{"RetryAfterNow", {Send(HttpResponse(503, "text/plain", "busy", {{"Retry-After", "0"}}))}},
            Stray{"RequestTimeoutThenFin",
                  {Send(HttpResponse(408, "text/plain", "", {{"Connection", "close"}})), Close()}},
            Stray{"OneByte", {Send("H")}}, Stray{"Fin", {Close()}}, Stray{"Rst", {Reset()}})),
    [](const auto& row) {
      return absl::StrCat(std::get<Stray>(row.param).name, std::get<bool>(row.param) ? "OverTls" : "");
    });

TEST(StrayBytesTest, BehindAnAnswerInTheSameSegmentAreNotTheNextCallsAnswer) {
  int number = 0;
  RawUpstream upstream([&](const RecordedRequest&) -> Script {
    const std::string reply = Reply(absl::StrCat("real-", number++));
    return {Send(absl::StrCat(HttpResponse(200, "application/json", reply), StrayReply()))};
  });
  const TestGateway gateway(upstream.url(), [](config::Config& config) { config.server.lanes = 1; });
  for (int i = 0; i < 5; ++i) EXPECT_THAT(gateway.CreateVsp(), OpensInteraction(absl::StrCat("real-", i)));
  EXPECT_EQ(upstream.counts().requests, 5u);
}

TEST(StrayBytesTest, BeforeTheFirstRequestDoNotShiftTheAnswersOfLaterCalls) {
  RawUpstreamOptions options;
  options.on_connect = [](int connection) -> Script { return connection == 0 ? Script{Send(StrayReply())} : Script{}; };
  int number = 0;
  RawUpstream upstream(
      [&](const RecordedRequest&) -> Script { return {RespondJson(200, Reply(absl::StrCat("real-", number++)))}; },
      options);
  const TestGateway gateway(upstream.url(), [](config::Config& config) { config.server.lanes = 1; });
  // The first call may be too early to notice, and takes what was sent for its answer.
  ASSERT_THAT(gateway.CreateVsp(), Succeeds());
  ASSERT_TRUE(Eventually([&] { return upstream.counts().being_answered == 0; }));
  const int sent_so_far = static_cast<int>(upstream.counts().requests);
  for (int i = sent_so_far; i < sent_so_far + 5; ++i) {
    EXPECT_THAT(gateway.CreateVsp(), OpensInteraction(absl::StrCat("real-", i)));
  }
}

TEST(StrayBytesTest, OnEveryNewConnectionAreAnErrorOfACallThatWasNotSent) {
  RawUpstreamOptions options;
  options.on_connect = [](int) -> Script { return {Send("220 mail.example.com ESMTP\r\n")}; };
  RawUpstream upstream(Always({Hang()}), options);
  const TestGateway gateway(upstream.url(), [](config::Config& config) {
    config.calls.retry = false;
    config.calls.breaker = false;
  });
  // Whether the greeting is there before the request is a race; many calls, and each must be honest.
  const auto quickly = [](grpc::ClientContext& context) {
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(2));
  };
  for (int i = 0; i < 20; ++i) {
    const VspAnswer answer = gateway.CreateVsp(quickly);
    EXPECT_THAT(answer,
                ::testing::AnyOf(IsError(grpc::StatusCode::UNAVAILABLE, "UPSTREAM_CONNECT_FAILED", "not_applied"),
                                 IsError(grpc::StatusCode::UNKNOWN, "UPSTREAM_PROTOCOL_ERROR", "unknown")));
  }
}

// Many idle connections get a stray response each, over and over, while callers wait to use them again.
TEST(StrayBytesTest, UnderLoadEachCallGetsItsOwnAnswerAndIsSentOnce) {
  constexpr int kRounds = 20;
  constexpr int kCallers = 32;
  struct Round {
    absl::Notification all_are_there;  // each call has a connection of its own then
    absl::Notification all_are_answered;
  };
  std::vector<Round> rounds(kRounds);
  RawUpstream upstream([&](const RecordedRequest& request) -> Script {
    const size_t key = request.body.find("id-");
    const std::string id = request.body.substr(key, request.body.find('"', key) - key);  // "id-ROUND-CALLER"
    int round = 0;
    (void)absl::SimpleAtoi(id.substr(3, id.find('-', 3) - 3), &round);
    return {WaitFor(rounds[round].all_are_there), RespondJson(200, Reply(id)), WaitFor(rounds[round].all_are_answered),
            Send(HttpResponse(503, "application/json", "{}", {{"Retry-After", "0"}}))};
  });
  const TestGateway gateway(upstream.url());
  for (int round = 0; round < kRounds; ++round) {
    std::vector<std::thread> callers;
    for (int caller = 0; caller < kCallers; ++caller) {
      callers.emplace_back([&, round, caller] {
        auto request = TestGateway::ValidVsp();
        const std::string id = absl::StrCat("id-", round, "-", caller);
        request.set_interaction_name(id);
        EXPECT_THAT(gateway.CreateVsp(request), OpensInteraction(id));
      });
    }
    EXPECT_TRUE(upstream.WaitForRequests(static_cast<size_t>((round + 1) * kCallers)));
    rounds[round].all_are_there.Notify();
    for (std::thread& caller : callers) caller.join();
    rounds[round].all_are_answered.Notify();
    ASSERT_TRUE(Eventually([&] { return upstream.counts().being_answered == 0; }));
  }
  EXPECT_EQ(upstream.counts().requests, static_cast<size_t>(kRounds * kCallers));
}

}  // namespace
}  // namespace interaction::testing
