#include "server/http/response_reader.h"

#include <initializer_list>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace interaction::http {
namespace {

void AddHeaders(ResponseReader& reader, std::initializer_list<const char*> lines) {
  for (const char* line : lines) ASSERT_TRUE(reader.AddHeaderLine(line)) << line;
}

TEST(ResponseReaderTest, KeepsStatusBodyAndTheHeadersOfInterest) {
  ResponseReader reader(1000, 1000);
  AddHeaders(reader, {"HTTP/1.1 429 Too Many\r\n", "CONTENT-type:  application/json \r\n", "Retry-After: 7\r\n",
                      "Location: https://example.com/\r\n", "X-Other: 1\r\n", "\r\n"});
  ASSERT_TRUE(reader.AddBody("{\"a\":"));
  ASSERT_TRUE(reader.AddBody("1}"));

  EXPECT_TRUE(reader.headers_complete());
  const Response response = reader.Take();
  EXPECT_EQ(response.status, 429);
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_EQ(response.retry_after, "7");
  EXPECT_EQ(response.location, "https://example.com/");
  EXPECT_EQ(response.body, "{\"a\":1}");
}

TEST(ResponseReaderTest, DoesNotTakeAnInterimResponseForTheAnswer) {
  ResponseReader reader(1000, 1000);
  AddHeaders(reader, {"HTTP/1.1 103 Early Hints\r\n", "Location: early\r\n", "\r\n"});
  EXPECT_FALSE(reader.headers_complete());
  AddHeaders(reader, {"HTTP/1.1 201 Created\r\n", "\r\n"});
  EXPECT_TRUE(reader.headers_complete());
  EXPECT_EQ(reader.status(), 201);
  EXPECT_EQ(reader.Take().location, "");
}

struct KeepAlive {
  const char* header;
  std::optional<absl::Duration> timeout;
};

class KeepAliveTest : public ::testing::TestWithParam<KeepAlive> {};

TEST_P(KeepAliveTest, TellsTheTimeoutIfThereIsOne) {
  ResponseReader reader(1000, 1000);
  AddHeaders(reader, {"HTTP/1.1 200 OK\r\n", GetParam().header, "\r\n"});
  EXPECT_EQ(reader.keep_alive(), GetParam().timeout);
}

INSTANTIATE_TEST_SUITE_P(Headers, KeepAliveTest,
                         ::testing::Values(KeepAlive{"Keep-Alive: timeout=5, max=100\r\n", absl::Seconds(5)},
                                           KeepAlive{"keep-alive: max=99,  Timeout= 15\r\n", absl::Seconds(15)},
                                           KeepAlive{"Keep-Alive: timeout=0\r\n", absl::ZeroDuration()},
                                           KeepAlive{"Keep-Alive: max=100\r\n", std::nullopt},
                                           KeepAlive{"Keep-Alive: timeout=-1\r\n", std::nullopt},
                                           KeepAlive{"Keep-Alive: timeout=soon\r\n", std::nullopt},
                                           KeepAlive{"Connection: keep-alive\r\n", std::nullopt}));

TEST(ResponseReaderTest, IgnoresTrailers) {
  ResponseReader reader(1000, 1000);
  AddHeaders(reader, {"HTTP/1.1 200 OK\r\n", "\r\n", "Retry-After: 5\r\n"});
  EXPECT_EQ(reader.Take().retry_after, "");
}

TEST(ResponseReaderTest, StopsAtTheHeaderCapOverAllBlocks) {
  ResponseReader reader(60, 1000);
  AddHeaders(reader, {"HTTP/1.1 100 Continue\r\n", "\r\n", "HTTP/1.1 100 Continue\r\n", "\r\n"});
  EXPECT_FALSE(reader.AddHeaderLine("HTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(reader.header_cap_hit());
}

TEST(ResponseReaderTest, StopsAtTheBodyCapAndKeepsWhatFits) {
  ResponseReader reader(1000, 5);
  ASSERT_TRUE(reader.AddBody("12345"));
  EXPECT_FALSE(reader.AddBody("6"));
  EXPECT_TRUE(reader.body_cap_hit());
  EXPECT_EQ(reader.Take().body, "12345");
}

TEST(ResponseReaderTest, StartsAfreshAfterReset) {
  ResponseReader reader(20, 5);
  AddHeaders(reader, {"HTTP/1.1 200 OK\r\n", "\r\n"});
  ASSERT_FALSE(reader.AddBody("123456"));
  reader.Reset();
  EXPECT_EQ(reader.status(), 0);
  EXPECT_FALSE(reader.headers_complete());
  EXPECT_FALSE(reader.body_cap_hit());
  EXPECT_TRUE(reader.AddHeaderLine("HTTP/1.1 201 OK\r\n"));
  EXPECT_TRUE(reader.AddBody("12345"));
}

}  // namespace
}  // namespace interaction::http
