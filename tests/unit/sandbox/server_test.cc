#include "sandbox/server.h"

#include <errno.h>
#include <sys/socket.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sandbox/all_vendors.h"
#include "tests/support/matchers.h"
#include "tests/support/sockets.h"

namespace interaction::sandbox {
namespace {

using ::interaction::testing::ConnectLoopback;
using ::interaction::testing::Fd;
using ::interaction::testing::StatusIs;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

// A connection that sees bytes and how they end.
class Connection {
 public:
  explicit Connection(const Server& server) : socket_(ConnectLoopback(static_cast<uint16_t>(server.port()))) {}

  void Write(absl::string_view bytes) const { send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL); }

  // What arrives until the other side ends the connection, followed by how it does: "|FIN" or "|RST".
  std::string ReadToEnd() const {
    return Read([](absl::string_view) { return false; });
  }

  // What arrives up to and with `end`.
  std::string ReadUntil(absl::string_view end) const {
    return Read([&](absl::string_view text) { return absl::EndsWith(text, end); });
  }

 private:
  template <typename Enough>
  std::string Read(Enough enough) const {
    std::string text;
    while (!enough(text)) {
      char buffer[65536];
      const ssize_t got = recv(socket_.get(), buffer, sizeof(buffer), 0);
      if (got <= 0) return absl::StrCat(text, got == 0 ? "|FIN" : errno == ECONNRESET ? "|RST" : "|timeout");
      text.append(buffer, static_cast<size_t>(got));
    }
    return text;
  }

  Fd socket_;
};

std::string Post(absl::string_view routing_point, absl::string_view connection = "close") {
  const std::string body =
      absl::StrCat(R"({"from":"f","to":"t","subject":"","body":"","rp_id":")", routing_point, "\"}");
  return absl::StrCat(
      "POST /api/v2/configuration.php?api=add_interaction HTTP/1.1\r\nHost: a\r\nConnection: ", connection,
      "\r\nwolkvox_server: 1\r\nwolkvox-token: t\r\nContent-Length: ", body.size(), "\r\n\r\n", body);
}

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() : server_(*Server::Start({.port = 0}, &sandbox_)) {}

  // Sends the request on a connection of its own and tells everything that comes back.
  std::string Exchange(absl::string_view request) const {
    const Connection connection(*server_);
    connection.Write(request);
    return connection.ReadToEnd();
  }

  std::string Stats() const { return Exchange("GET /sandbox/stats HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"); }

  Sandbox sandbox_{AllVendors()};
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, ServesRealHttp) {
  EXPECT_THAT(Exchange(Post("77")),
              AllOf(StartsWith("HTTP/1.1 201 Created\r\n"), HasSubstr("\r\nContent-Type: application/json\r\n"),
                    HasSubstr("\r\nContent-Length: 108\r\n"), EndsWith("(No\\u00ebl N\\/1042) \"}|FIN")));
}

TEST_F(ServerTest, TakesSeveralRequestsOnOneConnection) {
  const Connection connection(*server_);
  connection.Write(Post("1", "keep-alive"));
  EXPECT_THAT(connection.ReadUntil("}"), HasSubstr("1 routing point"));
  connection.Write(Post("2", "keep-alive"));
  EXPECT_THAT(connection.ReadUntil("}"), HasSubstr("2 routing point"));
  EXPECT_THAT(sandbox_.ledger().RequestsJson(2, false),
              AllOf(HasSubstr(R"("number":1,"vendor":"wolkvox","connection":1,)"),
                    HasSubstr(R"("number":2,"vendor":"wolkvox","connection":1,)")));
}

TEST_F(ServerTest, ShowsTheRequestAsItStoodOnTheWire) {
  Exchange(
      "POST /api/v2/x%2Ey.php?api=a&B=%00 HTTP/1.1\r\nHost: a\r\nX-oDD:  v\r\nConnection: close\r\n"
      "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n");
  EXPECT_THAT(sandbox_.ledger().RequestsJson(1, false),
              AllOf(HasSubstr(R"("target":"/api/v2/x%2Ey.php?api=a&B=%00")"),
                    HasSubstr(R"({"name":"X-oDD","value":"v"})"), HasSubstr(R"("body":"abcde")")));
}

struct WireCase {
  const char* name;
  const char* scenario;
  const char* bytes;  // a regular expression; how the connection ends comes last
};

class WireTest : public ServerTest, public ::testing::WithParamInterface<WireCase> {};

TEST_P(WireTest, CarriesWhatTheScenarioSays) {
  // Line ends get in the way of a regular expression.
  const std::string bytes = absl::StrJoin(absl::StrSplit(Exchange(Post(GetParam().scenario)), "\r\n"), "~");
  EXPECT_THAT(bytes, MatchesRegex(GetParam().bytes));
}

INSTANTIATE_TEST_SUITE_P(
    Scenarios, WireTest,
    ::testing::Values(
        WireCase{"Close", "sandbox:close", R"(\|FIN)"}, WireCase{"Reset", "sandbox:reset", R"(\|RST)"},
        WireCase{"Truncated", "sandbox:truncated",
                 R"(HTTP/1.1 201 Sandbox~Content-Type: application/json~Content-Length: 123~~.{61}\|FIN)"},
        WireCase{"ResetMidway", "sandbox:reset-midway", R"(HTTP/1.1 201 Sandbox~.*Content-Length: 126~~.{63}\|RST)"},
        WireCase{"Garbage", "sandbox:garbage", R"(.* this is not HTTP~\|FIN)"},
        WireCase{"HeaderCut", "sandbox:header-cut", R"(HTTP/1.1 200 OK~\|FIN)"},
        WireCase{"Empty", "sandbox:empty", R"(HTTP/1.1 201 Created~.*Content-Length: 0~~\|FIN)"},
        WireCase{"BadVersion", "sandbox:bad-version", R"(HTTP/7.3 200 OK~.*\|FIN)"},
        WireCase{"FinalInterimStatus", "sandbox:status-101", R"(HTTP/1.1 101 Sandbox~.*\|FIN)"},
        WireCase{"StatusBeyondTheStandard", "sandbox:status-999", R"(HTTP/1.1 999 .*"code":"999".*\|FIN)"},
        WireCase{"NoContent", "sandbox:no-content", R"(HTTP/1.1 204 No Content~.*~~\|FIN)"}),
    [](const auto& row) { return row.param.name; });

TEST_F(ServerTest, WaitsWithTheAnswerForAsLongAsItIsTold) {
  const absl::Time start = absl::Now();
  EXPECT_THAT(Exchange(Post("sandbox:slow-100")), StartsWith("HTTP/1.1 201"));
  EXPECT_GE(absl::Now() - start, absl::Milliseconds(100));
}

TEST_F(ServerTest, DripsTheBodyAfterTheHead) {
  const Connection connection(*server_);
  connection.Write(Post("sandbox:drip"));
  EXPECT_THAT(connection.ReadUntil("{"), EndsWith("\r\n\r\n{"));
}

TEST_F(ServerTest, CountsARequestAsUnderWayOnlyUntilItsAnswerLeaves) {
  for (int i = 0; i < 50; ++i) Exchange(Post("77"));
  EXPECT_THAT(Stats(), HasSubstr(R"("max_simultaneous_per_token":1,"by_status":{"201":50}})"));
}

TEST_F(ServerTest, RefusesABodyThatIsTooLong) {
  server_.reset();
  server_ = *Server::Start({.port = 0, .max_request_bytes = 10}, &sandbox_);
  EXPECT_THAT(Exchange(Post("77")), StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(Stats(), HasSubstr(R"("wolkvox":{"requests":0,)"));
}

TEST_F(ServerTest, HoldsManyMoreSlowRequestsThanItHasThreads) {
  std::vector<std::unique_ptr<Connection>> connections;
  for (int i = 0; i < 200; ++i) connections.push_back(std::make_unique<Connection>(*server_));
  for (const auto& connection : connections) connection->Write(Post("sandbox:slow-300"));
  const absl::Time start = absl::Now();
  for (const auto& connection : connections) EXPECT_THAT(connection->ReadToEnd(), HasSubstr("HTTP/1.1 "));
  EXPECT_LT(absl::Now() - start, absl::Seconds(10));  // one after the other they would take a minute
}

TEST_F(ServerTest, StopsWhileRequestsWait) {
  const Connection connection(*server_);
  connection.Write(Post("sandbox:timeout"));
  while (sandbox_.ledger().StatsJson().find(R"("in_flight":1)") == std::string::npos) std::this_thread::yield();
  server_.reset();
  EXPECT_THAT(sandbox_.ledger().StatsJson(), HasSubstr(R"("in_flight":0,"max_in_flight":1)"));
}

TEST_F(ServerTest, SaysThatThePortIsTaken) {
  EXPECT_THAT(Server::Start({.port = server_->port()}, &sandbox_),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("Address already in use")));
}

TEST_F(ServerTest, SaysThatAnAddressIsNone) {
  EXPECT_THAT(Server::Start({.host = "256.0.0.1", .port = 0}, &sandbox_),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("256.0.0.1")));
}

}  // namespace
}  // namespace interaction::sandbox
