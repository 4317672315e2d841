// What the client makes of upstreams that misbehave: above all, that no request is ever sent twice.

#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/http/client.h"
#include "tests/support/matchers.h"
#include "tests/support/require.h"
#include "tests/unit/http/client_fixture.h"
#include "tests/unit/http/loopback_server.h"

namespace interaction::http {
namespace {

using ::interaction::testing::HasOutcome;
using ::interaction::testing::HasReason;
using ::interaction::testing::IsOkAndHolds;
using ::interaction::testing::StatusIs;
using ::testing::AllOf;
using ::testing::Field;

using ClientFaultsTest = ClientTest;

// The first request on a connection is answered, the second is read and gets `end`.
LoopbackServer::Handler AnswerOnceThen(Answer end) {
  return [end](const Received& request) { return request.on_connection == 0 ? Reply(201, "{}") : end; };
}

class DyingConnectionTest : public ClientTest, public ::testing::WithParamInterface<Answer::Then> {};

TEST_P(DyingConnectionTest, TheRequestIsNotSentAgain) {
  LoopbackServer server(AnswerOnceThen({"", GetParam()}));
  ASSERT_THAT(Exchange(server.url()), IsOkAndHolds(Field(&Response::status, 201)));

  const absl::StatusOr<Response> second = Exchange(server.url());

  EXPECT_THAT(second, HasReason(Reason::kUpstreamConnectionLost));
  EXPECT_THAT(second, HasOutcome(Outcome::kUnknown));
  EXPECT_EQ(server.requests(), 2) << "two calls are two requests";
}

TEST_P(DyingConnectionTest, TheNextRequestGoesThrough) {
  LoopbackServer server(AnswerOnceThen({"", GetParam()}));
  ASSERT_THAT(Exchange(server.url()), IsOkAndHolds(Field(&Response::status, 201)));
  ASSERT_THAT(Exchange(server.url()), HasOutcome(Outcome::kUnknown));
  EXPECT_THAT(Exchange(server.url()), IsOkAndHolds(Field(&Response::status, 201)));
  EXPECT_EQ(server.requests(), 3);
}

INSTANTIATE_TEST_SUITE_P(Ends, DyingConnectionTest, ::testing::Values(Answer::Then::kClose, Answer::Then::kReset),
                         [](const auto& test) { return test.param == Answer::Then::kClose ? "Fin" : "Rst"; });

class RedirectTest : public ClientTest, public ::testing::WithParamInterface<int> {};

TEST_P(RedirectTest, IsAResponseAndIsNotFollowed) {
  LoopbackServer elsewhere([](const Received&) { return Reply(200, "{}"); });
  LoopbackServer server([&](const Received&) {
    return Answer{"HTTP/1.1 " + std::to_string(GetParam()) + " Moved\r\nLocation: " + elsewhere.url() +
                  "\r\nContent-Length: 0\r\n\r\n"};
  });
  EXPECT_THAT(Exchange(server.url()),
              IsOkAndHolds(AllOf(Field(&Response::status, GetParam()), Field(&Response::location, elsewhere.url()))));
  EXPECT_EQ(elsewhere.connections(), 0);
}

INSTANTIATE_TEST_SUITE_P(Statuses, RedirectTest, ::testing::Values(301, 302, 303, 307, 308));

struct Misbehaviour {
  const char* name;
  Answer answer;
  Reason reason;
};

class MisbehaviourTest : public ClientTest, public ::testing::WithParamInterface<Misbehaviour> {};

TEST_P(MisbehaviourTest, LeavesTheOutcomeUnknownAfterOneRequest) {
  LoopbackServer server([](const Received&) { return GetParam().answer; });
  EndpointOptions options = Local();
  options.max_response_bytes = 10'000;
  options.max_header_bytes = 10'000;
  const absl::StatusOr<Response> result = Exchange(Add(options), Post(server.url()));
  EXPECT_THAT(result, HasReason(GetParam().reason));
  EXPECT_THAT(result, HasOutcome(Outcome::kUnknown));
  EXPECT_EQ(server.requests(), 1);
}

std::string Repeat(const std::string& text, int times) {
  std::string result;
  for (int i = 0; i < times; ++i) result += text;
  return result;
}

const std::string kOk = "HTTP/1.1 200 OK\r\n";

INSTANTIATE_TEST_SUITE_P(
    Answers, MisbehaviourTest,
    ::testing::Values(
        Misbehaviour{"CloseWithoutAByte", Close(), Reason::kUpstreamConnectionLost},
        Misbehaviour{"ResetWithoutAByte", Reset(), Reason::kUpstreamConnectionLost},
        Misbehaviour{"BodyShorterThanAnnounced", Close(kOk + "Content-Length: 100\r\n\r\n{"),
                     Reason::kUpstreamTruncated},
        Misbehaviour{"ChunksCutOff", Close(kOk + "Transfer-Encoding: chunked\r\n\r\n5\r\nab"),
                     Reason::kUpstreamTruncated},
        Misbehaviour{"BadChunkSize", Close(kOk + "Transfer-Encoding: chunked\r\n\r\nzz\r\n"),
                     Reason::kUpstreamTruncated},
        Misbehaviour{"Http09", Close("hello"), Reason::kUpstreamProtocolError},
        Misbehaviour{"Http7", Close("HTTP/7.3 200 OK\r\n\r\n"), Reason::kUpstreamProtocolError},
        Misbehaviour{"NulInHeader", Close(kOk + std::string("X: a\0b\r\n\r\n", 10)), Reason::kUpstreamProtocolError},
        Misbehaviour{"NegativeContentLength", Close(kOk + "Content-Length: -5\r\n\r\n"),
                     Reason::kUpstreamProtocolError},
        Misbehaviour{"BodyOverTheCap", Reply(200, std::string(10'001, 'x')), Reason::kUpstreamResponseTooLarge},
        Misbehaviour{"EndlessBody", Close(kOk + "\r\n" + std::string(1'000'000, 'x')),
                     Reason::kUpstreamResponseTooLarge},
        Misbehaviour{"HeadersOverTheCap", Close(kOk + Repeat("X-Filler: 0123456789\r\n", 500) + "\r\n"),
                     Reason::kUpstreamResponseTooLarge},
        Misbehaviour{"OneHugeHeader", Close(kOk + "X: " + std::string(2 << 20, 'x') + "\r\n\r\n"),
                     Reason::kUpstreamResponseTooLarge},
        Misbehaviour{"FloodOf100Continue", Close(Repeat("HTTP/1.1 100 Continue\r\n\r\n", 1000)),
                     Reason::kUpstreamResponseTooLarge}),
    [](const auto& test) { return test.param.name; });

struct Verdict {
  const char* name;
  Answer answer;
  int status;
  const char* body;
  bool truncated;
};

class VerdictTest : public ClientTest, public ::testing::WithParamInterface<Verdict> {};

TEST_P(VerdictTest, IsAResponse) {
  LoopbackServer server([](const Received&) { return GetParam().answer; });
  EXPECT_THAT(Exchange(server.url()),
              IsOkAndHolds(AllOf(Field(&Response::status, GetParam().status), Field(&Response::body, GetParam().body),
                                 Field(&Response::body_truncated, GetParam().truncated))));
  EXPECT_EQ(server.requests(), 1);
}

INSTANTIATE_TEST_SUITE_P(
    Answers, VerdictTest,
    ::testing::Values(
        Verdict{"ErrorBodyCut", Close("HTTP/1.1 400 Bad\r\nContent-Length: 100\r\n\r\n{\"Mess"), 400, "{\"Mess", true},
        Verdict{"ErrorChunksCut", Close("HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"), 503, "ab",
                true},
        Verdict{"ErrorWithoutBody", Close("HTTP/1.1 500 Oops\r\nContent-Length: 100\r\n\r\n"), 500, "", true},
        Verdict{"StatusLineThenClose", Close("HTTP/1.1 200 OK\r\n"), 200, "", false},
        Verdict{"BodyUntilClose", Close("HTTP/1.1 200 OK\r\n\r\n{\"a\":1}"), 200, "{\"a\":1}", false},
        Verdict{"AfterInterimResponse",
                {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}"},
                201,
                "{}",
                false},
        Verdict{"NoContent", {"HTTP/1.1 204 No Content\r\n\r\n"}, 204, "", false},
        Verdict{"OddStatus", {"HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n"}, 999, "", false}),
    [](const auto& test) { return test.param.name; });

TEST_F(ClientFaultsTest, AnErrorBodyOverTheCapIsCutThere) {
  LoopbackServer server([](const Received&) { return Reply(400, std::string(100, 'x')); });
  EndpointOptions options = Local();
  options.max_response_bytes = 10;
  EXPECT_THAT(
      Exchange(Add(options), Post(server.url())),
      IsOkAndHolds(AllOf(Field(&Response::body, std::string(10, 'x')), Field(&Response::body_truncated, true))));
}

TEST_F(ClientFaultsTest, AnUpstreamThatNeverAnswersTimesOut) {
  LoopbackServer server([](const Received&) { return Silence(); });
  const SteadyTime start = clock_.SteadyNow();
  const absl::StatusOr<Response> result = Exchange(server.url(), absl::Milliseconds(100));
  EXPECT_THAT(result, HasReason(Reason::kUpstreamTimeout));
  EXPECT_THAT(result, StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_GE(clock_.SteadyNow() - start, 100'000'000);
  EXPECT_EQ(server.requests(), 1);
}

TEST_F(ClientFaultsTest, AnAnswerThatStopsHalfWayTimesOut) {
  LoopbackServer server([](const Received&) { return Answer{kOk + "Content-Length: 10\r\n\r\n{"}; });
  const absl::StatusOr<Response> result = Exchange(server.url(), absl::Milliseconds(100));
  EXPECT_THAT(result, HasReason(Reason::kUpstreamTimeout));
  EXPECT_EQ(GetErrorDetails(result.status()).phase, Phase::kReceive);
}

TEST_F(ClientFaultsTest, AClosedPortIsNotApplied) {
  const absl::StatusOr<Response> result = Exchange(UrlOfClosedPort());
  EXPECT_THAT(result, HasReason(Reason::kUpstreamConnectFailed));
  EXPECT_THAT(result, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(GetErrorDetails(result.status()).metadata,
              ::testing::ElementsAre(::testing::Pair("connectError", "Connection refused")));
}

TEST_F(ClientFaultsTest, AConnectionThatNeverOpensTakesHalfTheTimeAtMost) {
  SilentPort port;
  const SteadyTime start = clock_.SteadyNow();
  const absl::StatusOr<Response> result = Exchange(port.url(), absl::Seconds(1));
  EXPECT_THAT(result, HasReason(Reason::kUpstreamConnectTimeout));
  EXPECT_THAT(result, HasOutcome(Outcome::kNotApplied));
  EXPECT_EQ(GetErrorDetails(result.status()).phase, Phase::kConnect);
  EXPECT_LT(clock_.SteadyNow() - start, 1'000'000'000);
}

TEST_F(ClientFaultsTest, AHandshakeThatNeverEndsIsNotApplied) {
  // Speaks no TLS, so it waits for a request that never comes.
  LoopbackServer server([](const Received&) { return Silence(); });
  const absl::StatusOr<Response> result =
      Exchange("https://127.0.0.1:" + std::to_string(server.port()) + "/", absl::Milliseconds(200));
  EXPECT_THAT(result, HasReason(Reason::kUpstreamConnectTimeout));
  EXPECT_EQ(GetErrorDetails(result.status()).phase, Phase::kTls);
}

TEST_F(ClientFaultsTest, AProxyOfTheEnvironmentIsIgnored) {
  LoopbackServer server([](const Received&) { return Reply(201, "{}"); });
  LoopbackServer proxy([](const Received&) { return Reply(200, "{}"); });
  for (const char* name : {"http_proxy", "https_proxy", "ALL_PROXY", "all_proxy"}) setenv(name, proxy.url().c_str(), 1);
  const absl::StatusOr<Response> result = Exchange(Add(Local()), Post(server.url()));
  for (const char* name : {"http_proxy", "https_proxy", "ALL_PROXY", "all_proxy"}) unsetenv(name);
  EXPECT_THAT(result, IsOkAndHolds(Field(&Response::status, 201)));
  EXPECT_EQ(proxy.connections(), 0);
}

// Takes every descriptor that the process may still open, for as long as it lives.
class NoDescriptorsLeft {
 public:
  NoDescriptorsLeft() {
    interaction::testing::Require(getrlimit(RLIMIT_NOFILE, &before_) == 0, "getrlimit");
    const rlimit few = {.rlim_cur = 100, .rlim_max = before_.rlim_max};
    interaction::testing::Require(setrlimit(RLIMIT_NOFILE, &few) == 0, "setrlimit");
    for (int fd; (fd = dup(STDIN_FILENO)) >= 0;) taken_.push_back(fd);
  }
  ~NoDescriptorsLeft() {
    for (const int fd : taken_) close(fd);
    setrlimit(RLIMIT_NOFILE, &before_);
  }

 private:
  rlimit before_;
  std::vector<int> taken_;
};

TEST_F(ClientFaultsTest, WithoutDescriptorsItSaysSoAndRecovers) {
  LoopbackServer server([](const Received&) { return Reply(201, "{}"); });
  EndpointOptions options = Local();
  options.reuse_connections = false;
  Endpoint* const endpoint = Add(options);
  {
    const NoDescriptorsLeft none;  // first thing: a connection the server has yet to close would free one
    const absl::StatusOr<Response> result = Exchange(endpoint, Post(server.url()));
    EXPECT_THAT(result, HasReason(Reason::kLocalResource));
    EXPECT_THAT(result, HasOutcome(Outcome::kNotApplied));
  }
  EXPECT_THAT(Exchange(endpoint, Post(server.url())), IsOkAndHolds(Field(&Response::status, 201)));
}

TEST_F(ClientFaultsTest, OverItsLimitOfConnectionsItSaysSo) {
  MakeClient({.max_connections = 1});
  LoopbackServer server([](const Received&) { return Silence(); });
  Outcomes first;
  Transfer* const transfer = Send(server.url(), &first);
  RunUntil([&] { return client_->MayHaveBeenSent(transfer); });
  EXPECT_THAT(Exchange(server.url()), HasReason(Reason::kLocalResource));
}

}  // namespace
}  // namespace interaction::http
