#include "tests/support/raw_upstream.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/matchers.h"

namespace interaction::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::StartsWith;

std::string Post(absl::string_view target, absl::string_view body) {
  return absl::StrCat("POST ", target, " HTTP/1.1\r\nHost: a.test\r\nwolkvox-token: t\r\nContent-Length: ", body.size(),
                      "\r\n\r\n", body);
}

// A client that knows nothing but bytes.
class PlainClient {
 public:
  explicit PlainClient(const RawUpstream& upstream, Loopback loopback = Loopback::kV4)
      : socket_(ConnectLoopback(upstream.port(), loopback)) {}

  void Write(absl::string_view bytes) { send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL); }

  // What arrives until `size` bytes are there, or the server ends the connection; how it does is in end().
  std::string Read(size_t size = std::string::npos) {
    std::string text;
    while (text.size() < size) {
      char buffer[65536];
      const ssize_t got = recv(socket_.get(), buffer, sizeof(buffer), 0);
      if (got <= 0) {
        end_ = got == 0 ? "FIN" : errno == ECONNRESET ? "RST" : "timeout";
        break;
      }
      text.append(buffer, static_cast<size_t>(got));
    }
    return text;
  }

  std::string end() const { return end_; }

  bool SomethingToRead() const {
    pollfd ready{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    return poll(&ready, 1, 0) == 1;
  }

 private:
  Fd socket_;
  std::string end_ = "none";
};

TEST(RawUpstreamTest, RecordsARequestAsItArrived) {
  RawUpstream upstream(Always({RespondJson(201, "{}"), Close()}));
  PlainClient client(upstream);
  client.Write("POST /a?b=c HTTP/1.1\r\nHost: a.test\r\nContent-Le");
  client.Write("ngth: 5\r\nx-B: 1\r\n\r\nhe");
  client.Write(absl::string_view("l\0o", 3));
  EXPECT_EQ(client.Read(),
            "HTTP/1.1 201 Scripted\r\nContent-Length: 2\r\nContent-Type: application/json; charset=utf-8\r\n\r\n{}");

  const std::vector<RecordedRequest> requests = upstream.requests();
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0].method, "POST");
  EXPECT_EQ(requests[0].target, "/a?b=c");
  EXPECT_THAT(requests[0].headers, ElementsAre(http::Header{"Host", "a.test"}, http::Header{"Content-Length", "5"},
                                               http::Header{"x-B", "1"}));
  EXPECT_EQ(requests[0].body, std::string("hel\0o", 5));
}

TEST(RawUpstreamTest, TellsConnectionsAndTheirRequestsApart) {
  RawUpstream upstream(Always({Send("ok")}));
  PlainClient first(upstream), second(upstream);
  for (PlainClient* client : {&first, &first, &second}) {
    client->Write(Post("/", "x"));
    EXPECT_EQ(client->Read(2), "ok");
  }
  std::vector<std::pair<int, int>> numbers;
  for (const RecordedRequest& r : upstream.requests()) numbers.emplace_back(r.connection, r.on_connection);
  EXPECT_THAT(numbers, ElementsAre(std::pair(0, 0), std::pair(0, 1), std::pair(1, 0)));
  EXPECT_EQ(upstream.counts().connections, 2u);
}

TEST(RawUpstreamTest, CountsARequestOnlyWhenItsBodyIsComplete) {
  RawUpstream upstream(Always({Close()}));
  {
    PlainClient client(upstream);
    client.Write("POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\ntoo short");
    ASSERT_TRUE(upstream.WaitForConnections(1));
  }
  ASSERT_TRUE(upstream.WaitForOpenAtMost(0));
  EXPECT_EQ(upstream.counts().requests, 0u);
}

TEST(RawUpstreamTest, CountsARequestWhoseClientHangsUpAtOnce) {
  RawUpstream upstream(Always({Hang()}));
  PlainClient(upstream).Write(Post("/", "x"));
  EXPECT_TRUE(upstream.WaitForRequests(1));
  EXPECT_TRUE(upstream.WaitForOpenAtMost(0));
}

struct EndingCase {
  const char* name;
  Script script;
  const char* read;
  const char* end;
};

class EndingTest : public ::testing::TestWithParam<EndingCase> {};

TEST_P(EndingTest, IsSeenByTheClient) {
  RawUpstream upstream(Always(GetParam().script));
  PlainClient client(upstream);
  client.Write(Post("/", "x"));
  EXPECT_EQ(client.Read(), GetParam().read);
  EXPECT_EQ(client.end(), GetParam().end);
  EXPECT_EQ(upstream.counts().requests, 1u);
}

INSTANTIATE_TEST_SUITE_P(
    RawUpstream, EndingTest,
    ::testing::Values(EndingCase{"Close", {Close()}, "", "FIN"}, EndingCase{"Reset", {Reset()}, "", "RST"},
                      EndingCase{"SendThenClose", {Send("HTTP/1.1 200 OK\r\n"), Close()}, "HTTP/1.1 200 OK\r\n", "FIN"},
                      EndingCase{"DripThenClose", {Drip("abc", absl::Milliseconds(1)), Close()}, "abc", "FIN"},
                      EndingCase{"PauseThenReset", {Pause(absl::Milliseconds(5)), Reset()}, "", "RST"},
                      EndingCase{"SendRepeatedly", {Send("ab", 3), Cut()}, "ababab", "FIN"}),
    [](const auto& row) { return row.param.name; });

TEST(RawUpstreamTest, HoldsBackUntilTheTestSaysSo) {
  absl::Notification gate;
  RawUpstream upstream(Always({WaitFor(gate), Send("late"), Close()}));
  PlainClient client(upstream);
  client.Write(Post("/", "x"));
  ASSERT_TRUE(upstream.WaitForRequests(1));
  EXPECT_FALSE(client.SomethingToRead());
  EXPECT_EQ(upstream.counts().being_answered, 1u);
  gate.Notify();
  EXPECT_EQ(client.Read(), "late");
}

TEST(RawUpstreamTest, DripsNoFasterThanAsked) {
  RawUpstream upstream(Always({Drip("abcd", absl::Milliseconds(20)), Close()}));
  PlainClient client(upstream);
  const SteadyTime start = RealClock().SteadyNow();
  client.Write(Post("/", "x"));
  EXPECT_EQ(client.Read(), "abcd");
  EXPECT_GE(RealClock().SteadyNow() - start, 60'000'000);
}

TEST(RawUpstreamTest, AnEndlessAnswerDoesNotKeepItFromOtherConnections) {
  RawUpstream upstream(InOrder({{Send(std::string(1000, 'x'), kForever)}, {Send("ok"), Close()}}));
  PlainClient flooded(upstream);
  flooded.Write(Post("/", "x"));
  EXPECT_EQ(flooded.Read(1 << 20).substr(0, 3), "xxx");
  PlainClient other(upstream);
  other.Write(Post("/", "x"));
  EXPECT_EQ(other.Read(), "ok");
}

TEST(RawUpstreamTest, CanActOnAConnectionBeforeItReads) {
  RawUpstream upstream(Always({Send("ok"), Close()}),
                       {.on_connect = [](int connection) { return connection == 0 ? Script{Reset()} : Script{}; }});
  PlainClient refused(upstream);
  refused.Read();
  EXPECT_EQ(refused.end(), "RST");
  PlainClient served(upstream);
  served.Write(Post("/", "x"));
  EXPECT_EQ(served.Read(), "ok");
}

TEST(RawUpstreamTest, CanWaitForTheFirstBytesOfAProtocolItDoesNotSpeak) {
  RawUpstream upstream(Always({}), {.on_connect = [](int) {
                         return Script{AwaitBytes(), Send("no TLS here"), Close()};
                       }});
  PlainClient client(upstream);
  ASSERT_TRUE(upstream.WaitForConnections(1));
  EXPECT_FALSE(client.SomethingToRead());
  client.Write("\x16\x03\x01");
  EXPECT_EQ(client.Read(), "no TLS here");
  EXPECT_EQ(upstream.counts().requests, 0u);
}

TEST(RawUpstreamTest, CanAnswerBeforeTheBodyArrives) {
  RawUpstream upstream(Always({}), {.on_headers = [](const RecordedRequest& r) {
                         return Script{Respond(413, "", r.target), Close()};
                       }});
  PlainClient client(upstream);
  client.Write("POST /big HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n");
  EXPECT_THAT(client.Read(), StartsWith("HTTP/1.1 413"));
  EXPECT_EQ(upstream.counts().requests, 0u);
}

TEST(RawUpstreamTest, ANewHandlerHoldsForTheNextRequest) {
  RawUpstream upstream(Always({Send("one")}));
  PlainClient client(upstream);
  client.Write(Post("/", "x"));
  EXPECT_EQ(client.Read(3), "one");
  upstream.OnRequest(Always({Send("two"), Close()}));
  client.Write(Post("/", "x"));
  EXPECT_EQ(client.Read(), "two");
}

TEST(RawUpstreamTest, HoldsManyConnectionsOnOneThread) {
  constexpr size_t kClients = 500;
  absl::Notification gate;
  RawUpstream upstream(Always({WaitFor(gate), Send("ok"), Close()}));
  std::vector<PlainClient> clients;
  for (size_t i = 0; i < kClients; ++i) {
    clients.emplace_back(upstream);
    clients.back().Write(Post("/", "x"));
  }
  ASSERT_TRUE(upstream.WaitForRequests(kClients));
  EXPECT_EQ(upstream.counts().most_at_once, kClients);
  gate.Notify();
  for (PlainClient& client : clients) EXPECT_EQ(client.Read(), "ok");
  EXPECT_EQ(upstream.counts().being_answered, 0u);
}

TEST(RawUpstreamTest, ListensOnIpv6) {
  RawUpstream upstream(Always({Send("six"), Close()}), {.loopback = Loopback::kV6});
  PlainClient client(upstream, Loopback::kV6);
  client.Write(Post("/", "x"));
  EXPECT_EQ(client.Read(), "six");
  EXPECT_EQ(upstream.url(), absl::StrCat("http://[::1]:", upstream.port(), "/"));
}

TEST(RefusingPortTest, Refuses) {
  const RefusingPort refusing;
  EXPECT_FALSE(ConnectLoopback(refusing.port()).valid());
  EXPECT_EQ(errno, ECONNREFUSED);
}

TEST(SilentPortTest, LetsConnectionAttemptsWait) {
  const SilentPort silent;
  Fd socket = BindLoopback();
  sockaddr_in address{.sin_family = AF_INET, .sin_port = htons(silent.port()), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  EXPECT_EQ(connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), -1);
  EXPECT_EQ(errno, EINPROGRESS);
  pollfd connected{.fd = socket.get(), .events = POLLOUT, .revents = 0};
  EXPECT_EQ(poll(&connected, 1, 200), 0) << "the attempt was answered";
}

}  // namespace
}  // namespace interaction::testing
