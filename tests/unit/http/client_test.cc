#include "server/http/client.h"

#include <poll.h>

#include <cstddef>
#include <deque>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/matchers.h"
#include "tests/unit/http/client_fixture.h"
#include "tests/unit/http/loopback_server.h"

namespace interaction::http {
namespace {

using ::interaction::testing::HasOutcome;
using ::interaction::testing::HasReason;
using ::interaction::testing::IsOk;
using ::interaction::testing::IsOkAndHolds;
using ::interaction::testing::StatusIs;
using ::testing::AllOf;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::Not;

Answer Created(const Received&) { return Reply(201, "{}"); }

TEST_F(ClientTest, SendsTheRequestAsItIsAndBringsTheResponse) {
  LoopbackServer server([](const Received&) {
    return Answer{
        "HTTP/1.1 429 Too Many\r\nContent-Type: text/plain\r\nRetry-After: 5\r\nLocation: /x\r\n"
        "Content-Length: 4\r\n\r\nslow"};
  });
  Request request = {.url = server.url("/api/create?x=1"),
                     .headers = {{"Content-Type", "application/json"}, {"X-Token", "t"}, {"X-Empty", ""}},
                     .body = std::string("{\"a\":\"b\0c\"}", 11)};

  const absl::StatusOr<Response> response = Exchange(endpoint_, request);

  EXPECT_THAT(response, IsOkAndHolds(AllOf(Field(&Response::status, 429), Field(&Response::content_type, "text/plain"),
                                           Field(&Response::retry_after, "5"), Field(&Response::location, "/x"),
                                           Field(&Response::body, "slow"), Field(&Response::body_truncated, false))));
  ASSERT_EQ(server.requests(), 1);
  const Received received = server.received()[0];
  EXPECT_THAT(received.head, ::testing::StartsWith("POST /api/create?x=1 HTTP/1.1\r\n"));
  EXPECT_THAT(received.head, HasSubstr("\r\nX-Token: t\r\n"));
  EXPECT_THAT(received.head, HasSubstr("\r\nX-Empty:"));
  EXPECT_THAT(received.head, Not(HasSubstr("Accept-Encoding")));
  EXPECT_EQ(received.body, request.body);
}

TEST_F(ClientTest, KeepsConnectionsAndUsesThemAgain) {
  LoopbackServer server(Created);
  for (int i = 0; i < 20; ++i) EXPECT_THAT(Exchange(server.url()), HasStatus(201));
  EXPECT_EQ(server.requests(), 20);
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(ClientTest, UsesNoConnectionTwiceWhenToldSo) {
  LoopbackServer server(Created);
  EndpointOptions options = Local();
  options.reuse_connections = false;
  Endpoint* const endpoint = Add(options);
  for (int i = 0; i < 5; ++i) EXPECT_THAT(Exchange(endpoint, Post(server.url())), HasStatus(201));
  EXPECT_EQ(server.connections(), 5);
}

TEST_F(ClientTest, DoesNotUseAConnectionThatWasIdleForTooLong) {
  LoopbackServer server(Created);
  EndpointOptions options = Local();
  options.max_idle = absl::Seconds(1);
  Endpoint* const endpoint = Add(options);
  ASSERT_THAT(Exchange(endpoint, Post(server.url())), HasStatus(201));
  const SteadyTime later = clock_.SteadyNow() + 1'100'000'000;
  RunUntil([&] { return clock_.SteadyNow() >= later; });

  EXPECT_THAT(Exchange(endpoint, Post(server.url())), HasStatus(201));
  EXPECT_EQ(server.connections(), 2);
}

// The upstream closes idle connections after so long; a request that crosses its end of the connection is lost.
TEST_F(ClientTest, DoesNotUseAConnectionForAsLongAsTheUpstreamSaysThatItKeepsIt) {
  LoopbackServer server([](const Received&) {
    return Answer{"HTTP/1.1 201 Created\r\nKeep-Alive: timeout=2\r\nContent-Length: 2\r\n\r\n{}"};
  });
  ASSERT_THAT(Exchange(server.url()), HasStatus(201));
  ASSERT_THAT(Exchange(server.url()), HasStatus(201));
  ASSERT_EQ(server.connections(), 1);
  const SteadyTime later = clock_.SteadyNow() + 1'100'000'000;
  RunUntil([&] { return clock_.SteadyNow() >= later; });

  EXPECT_THAT(Exchange(server.url()), HasStatus(201));
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(ClientTest, DoesNotUseAConnectionAgainThatTheUpstreamKeepsForASecond) {
  LoopbackServer server([](const Received&) {
    return Answer{"HTTP/1.1 201 Created\r\nKeep-Alive: timeout=1\r\nContent-Length: 2\r\n\r\n{}"};
  });
  ASSERT_THAT(Exchange(server.url()), HasStatus(201));
  ASSERT_THAT(Exchange(server.url()), HasStatus(201));
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(ClientTest, TellsOfBytesThatArriveWithoutARequestAndOfNothingElse) {
  std::vector<std::string> told;
  MakeClient({.on_stray_bytes = [&](absl::string_view authority) { told.emplace_back(authority); }});
  LoopbackServer good(Created);
  LoopbackServer closing([](const Received&) { return Close(Reply(201, "{}").bytes); });
  LoopbackServer talkative([](const Received&) { return Answer{Reply(201, "{}").bytes + "HTTP/1.1 200 OK\r\n"}; });
  for (int i = 0; i < 2; ++i) {
    ASSERT_THAT(Exchange(good.url()), HasStatus(201));
    ASSERT_THAT(Exchange(closing.url()), HasStatus(201));
    ASSERT_TRUE(loop_->poll().Turn(absl::Seconds(20))) << "it learns that the connection is closed";
  }
  EXPECT_THAT(told, ::testing::IsEmpty());
  EXPECT_EQ(good.connections(), 1);

  ASSERT_THAT(Exchange(talkative.url()), HasStatus(201));
  ASSERT_THAT(Exchange(talkative.url()), HasStatus(201));
  EXPECT_EQ(talkative.connections(), 2);
  const std::string authority = "127.0.0.1:" + std::to_string(talkative.port());
  EXPECT_THAT(told, ::testing::ElementsAre(authority, authority));
}

TEST_F(ClientTest, ClosesConnectionsThatWereIdleForTooLongWithoutBeingUsed) {
  LoopbackServer server(Created);
  EndpointOptions options = Local();
  options.max_idle = absl::Seconds(1);
  ASSERT_THAT(Exchange(Add(options), Post(server.url())), HasStatus(201));
  ASSERT_TRUE(loop_->timers().Next().has_value());
  RunUntil([&] { return !loop_->timers().Next().has_value(); });  // no connection left that could become too old
}

TEST_F(ClientTest, CarriesAThousandTransfersAtOnce) {
  LoopbackServer server([](const Received& request) { return Reply(200, request.body); });
  std::deque<Outcomes> outcomes(1000);
  for (size_t i = 0; i < outcomes.size(); ++i) {
    client_->Send(endpoint_, Post(server.url(), std::to_string(i)), {absl::Seconds(20)}, &outcomes[i]);
  }
  EXPECT_EQ(client_->in_flight(), 1000u);
  RunUntil([&] { return client_->in_flight() == 0; });
  for (size_t i = 0; i < outcomes.size(); ++i) {
    EXPECT_EQ(outcomes[i].times, 1);
    EXPECT_THAT(outcomes[i].result, IsOkAndHolds(Field(&Response::body, std::to_string(i))));
  }
  EXPECT_EQ(server.requests(), 1000);
}

TEST_F(ClientTest, KeepsNoMoreIdleConnectionsThanAllowed) {
  MakeClient({.max_idle_connections = 10});
  LoopbackServer server(Created);
  const auto send_at_once = [&](size_t count) {
    std::deque<Outcomes> outcomes(count);
    for (Outcomes& each : outcomes) Send(server.url(), &each);
    RunUntil([&] { return client_->in_flight() == 0; });
  };
  send_at_once(200);
  const int before = server.connections();
  send_at_once(200);
  // About half of the first two hundred may have been kept, when as many others were still in flight.
  EXPECT_GE(server.connections(), before + 50);
}

TEST_F(ClientTest, ReportsNothingFromWithinSend) {
  Outcomes outcomes;
  client_->Send(endpoint_, Post("https://"), {absl::Seconds(1)}, &outcomes);
  EXPECT_EQ(outcomes.times, 0);
  EXPECT_EQ(client_->in_flight(), 1u);
  EXPECT_TRUE(Turn());
  EXPECT_EQ(outcomes.times, 1);
}

TEST_F(ClientTest, AnObserverMaySendAgain) {
  LoopbackServer server(Created);
  Outcomes outcomes;
  outcomes.then = [&] {
    if (outcomes.times < 10) Send(server.url(), &outcomes);
  };
  Send(server.url(), &outcomes);
  RunUntil([&] { return outcomes.times == 10; });
  EXPECT_EQ(server.requests(), 10);
  EXPECT_EQ(client_->in_flight(), 0u);
}

TEST_F(ClientTest, AnObserverThatSendsWhatFailsAtOnceDoesNotKeepTheTurnGoing) {
  Outcomes outcomes;
  outcomes.then = [&] { Send("https://", &outcomes); };
  Send("https://", &outcomes);
  EXPECT_TRUE(Turn());
  EXPECT_EQ(outcomes.times, 1);
  outcomes.then = nullptr;
  EXPECT_TRUE(Turn());
  EXPECT_EQ(outcomes.times, 2);
}

TEST_F(ClientTest, AnObserverMayCancelOthersThatHaveEnded) {
  Outcomes first;
  Outcomes second;
  Transfer* other = nullptr;
  Send("https://", &first);
  other = Send("https://", &second);
  first.then = [&] { EXPECT_FALSE(client_->Cancel(other)); };
  Turn();
  EXPECT_EQ(first.times, 1);
  EXPECT_EQ(second.times, 0);
  EXPECT_EQ(client_->in_flight(), 0u);
}

TEST_F(ClientTest, CancelledWhileConnectingNothingWasSent) {
  SilentPort port;
  Outcomes outcomes;
  Transfer* const transfer = Send(port.url(), &outcomes);
  Turn();
  EXPECT_FALSE(client_->MayHaveBeenSent(transfer));
  EXPECT_FALSE(client_->Cancel(transfer));
  EXPECT_EQ(client_->in_flight(), 0u);
  Turn();
  EXPECT_EQ(outcomes.times, 0);
}

TEST_F(ClientTest, CancelledAfterSendingItMayHaveArrived) {
  LoopbackServer server([](const Received&) { return Silence(); });
  Outcomes outcomes;
  Transfer* const transfer = Send(server.url(), &outcomes);
  RunUntil([&] { return client_->MayHaveBeenSent(transfer); });
  EXPECT_TRUE(client_->Cancel(transfer));
  EXPECT_EQ(client_->in_flight(), 0u);
  EXPECT_EQ(outcomes.times, 0);
}

TEST_F(ClientTest, ACancelledTransferLeavesNoAnswerToTheNext) {
  LoopbackServer server(
      [](const Received& request) { return request.body == "1" ? Silence() : Reply(200, request.body); });
  Outcomes outcomes;
  Transfer* const transfer = client_->Send(endpoint_, Post(server.url(), "1"), {absl::Seconds(20)}, &outcomes);
  RunUntil([&] { return client_->MayHaveBeenSent(transfer); });
  client_->Cancel(transfer);
  EXPECT_THAT(Exchange(endpoint_, Post(server.url(), "2")), IsOkAndHolds(Field(&Response::body, "2")));
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(ClientTest, SurvivesCancellationsAtAnyMoment) {
  LoopbackServer server([](const Received& request) {
    return request.body.back() == '0' ? Close() : request.body.back() == '1' ? Silence() : Reply(200, request.body);
  });
  std::mt19937 random(1);  // the same moments in every run
  std::deque<Outcomes> outcomes(3000);
  std::vector<std::pair<Transfer*, Outcomes*>> in_flight;
  for (size_t i = 0; i < outcomes.size(); ++i) {
    Transfer* const transfer =
        client_->Send(endpoint_, Post(server.url(), std::to_string(i)), {absl::Seconds(20)}, &outcomes[i]);
    in_flight.emplace_back(transfer, &outcomes[i]);
    if (random() % 4 == 0) Turn();
    std::erase_if(in_flight, [](const auto& each) { return each.second->times > 0; });
    while (in_flight.size() > random() % 50) {
      const size_t victim = random() % in_flight.size();
      client_->Cancel(in_flight[victim].first);
      EXPECT_EQ(in_flight[victim].second->times, 0);
      in_flight.erase(in_flight.begin() + static_cast<std::ptrdiff_t>(victim));
    }
    ASSERT_EQ(client_->in_flight(), in_flight.size());
  }
  for (const auto& [transfer, outcome] : in_flight) client_->Cancel(transfer);
  EXPECT_EQ(client_->in_flight(), 0u);
  EXPECT_THAT(Exchange(endpoint_, Post(server.url(), "12")), IsOkAndHolds(Field(&Response::body, "12")));
}

TEST_F(ClientTest, DestroyedWithTransfersInFlightItReportsNothing) {
  LoopbackServer server([](const Received&) { return Silence(); });
  Outcomes sent;
  Outcomes resolving;
  Outcomes ended;
  Transfer* const transfer = Send(server.url(), &sent);
  RunUntil([&] { return client_->MayHaveBeenSent(transfer); });
  Send("http://unresolved.test/", &resolving);
  Send("https://", &ended);

  client_.reset();

  EXPECT_EQ(sent.times + resolving.times + ended.times, 0);
  resolver_.Answer("unresolved.test", {"127.0.0.1"});  // comes too late, and finds nobody
}

TEST_F(ClientTest, IsQuietWhenNothingIsInFlight) {
  EXPECT_FALSE(Turn());
  EXPECT_FALSE(loop_->timers().Next().has_value());
}

TEST_F(ClientTest, IsQuietAgainAfterTheServerClosedAnIdleConnection) {
  LoopbackServer server([](const Received&) { return Close("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"); });
  ASSERT_THAT(Exchange(server.url()), HasStatus(200));
  // The end of the connection makes the loop's descriptor readable until a turn has taken note of it.
  pollfd fd = {loop_->poll().fd(), POLLIN, 0};
  poll(&fd, 1, 20'000);
  Turn();
  EXPECT_EQ(poll(&fd, 1, 0), 0);
}

struct Unsendable {
  const char* name;
  Request request;
};

class UnsendableTest : public ClientTest, public ::testing::WithParamInterface<Unsendable> {};

TEST_P(UnsendableTest, IsRefusedBeforeAnythingIsSent) {
  LoopbackServer server(Created);
  Request request = GetParam().request;
  if (request.url.empty()) request.url = server.url();
  const absl::StatusOr<Response> result = Exchange(endpoint_, request);
  EXPECT_THAT(result, HasReason(Reason::kInternalError));
  EXPECT_THAT(result, HasOutcome(Outcome::kNotApplied));
  EXPECT_EQ(server.connections(), 0);
}

INSTANTIATE_TEST_SUITE_P(
    Requests, UnsendableTest,
    ::testing::Values(Unsendable{"LineBreakInHeader", {.headers = {{"X-Token", "t\r\nX-Injected: 1"}}}},
                      Unsendable{"NulInHeader", {.headers = {{"X-Token", std::string("t\0", 2)}}}},
                      Unsendable{"BlankInHeaderName", {.headers = {{"X Token", "t"}}}},
                      Unsendable{"NoUrl", {.url = "nowhere"}}, Unsendable{"OtherScheme", {.url = "ftp://127.0.0.1/"}},
                      Unsendable{"User", {.url = "http://user@127.0.0.1/"}},
                      Unsendable{"LineBreakInUrl", {.url = "http://127.0.0.1/\r\nX: 1"}}),
    [](const auto& test) { return test.param.name; });

TEST_F(ClientTest, RefusesPlaintextUnlessAllowed) {
  LoopbackServer server(Created);
  EndpointOptions options = Local();
  options.allow_plaintext = false;
  EXPECT_THAT(Exchange(Add(options), Post(server.url())), HasOutcome(Outcome::kNotApplied));
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(ClientTest, TakesTheSystemsCertificatesWhenNoFileIsNamed) {
  EXPECT_THAT(client_->AddEndpoint(EndpointOptions()), IsOk());
}

}  // namespace
}  // namespace interaction::http
