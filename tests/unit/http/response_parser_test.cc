#include "server/http/response_parser.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace interaction::http {
namespace {

using State = ResponseParser::State;

constexpr size_t kMaxHeaderBytes = 1000;
constexpr size_t kMaxBodyBytes = 100;

std::string Repeat(absl::string_view text, int times) {
  std::string result;
  for (int i = 0; i < times; ++i) absl::StrAppend(&result, text);
  return result;
}

// What a response comes to, whether the connection ends after its bytes or not.
struct Reading {
  const char* name;
  std::string bytes;
  bool then_end;  // the connection ends
  State state;
  int status;
  std::string body;
};

class ReadingTest : public ::testing::TestWithParam<Reading> {
 protected:
  // Feeds the bytes in pieces of `piece`.
  static State FeedAll(ResponseParser& parser, size_t piece) {
    State state = State::kMore;
    absl::string_view left = GetParam().bytes;
    while (state == State::kMore && !left.empty()) {
      state = parser.Feed(left.substr(0, piece));
      left.remove_prefix(std::min(piece, left.size()));
    }
    return state == State::kMore && GetParam().then_end ? parser.End() : state;
  }
};

TEST_P(ReadingTest, InOnePiece) {
  ResponseParser parser(kMaxHeaderBytes, kMaxBodyBytes);
  EXPECT_EQ(FeedAll(parser, GetParam().bytes.size()), GetParam().state);
  EXPECT_EQ(parser.status(), GetParam().status);
  EXPECT_EQ(parser.Take().body, GetParam().body);
}

// Wherever the network cuts it. What was read of a response that is none may differ, the judgement may not.
TEST_P(ReadingTest, InPiecesOfAnySize) {
  for (size_t piece = 1; piece < GetParam().bytes.size() && piece < 40; ++piece) {
    ResponseParser parser(kMaxHeaderBytes, kMaxBodyBytes);
    ASSERT_EQ(FeedAll(parser, piece), GetParam().state) << "in pieces of " << piece;
    if (GetParam().state != State::kComplete) continue;
    ASSERT_EQ(parser.status(), GetParam().status);
    ASSERT_EQ(parser.Take().body, GetParam().body);
  }
}

const std::string kOk = "HTTP/1.1 200 OK\r\n";

INSTANTIATE_TEST_SUITE_P(
    Responses, ReadingTest,
    ::testing::Values(
        Reading{"WithALength", kOk + "Content-Length: 2\r\n\r\n{}", false, State::kComplete, 200, "{}"},
        Reading{"InChunks", kOk + "Transfer-Encoding: chunked\r\n\r\n5\r\nab{cd\r\n1;x=y\r\n}\r\n0\r\nX: 1\r\n\r\n",
                false, State::kComplete, 200, "ab{cd}"},
        Reading{"InChunksBesidesALength",
                kOk + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", false,
                State::kComplete, 200, "{}"},
        Reading{"UntilTheEnd", kOk + "\r\n{\"a\":1}", true, State::kComplete, 200, "{\"a\":1}"},
        Reading{"WithoutABody", "HTTP/1.1 204 No Content\r\n\r\n", false, State::kComplete, 204, ""},
        Reading{"WithAnEmptyReason", "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", false, State::kComplete, 200, ""},
        Reading{"WithoutTheBlankAfterTheCode", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", false, State::kComplete,
                200, ""},
        Reading{"WithBareLineFeeds", "HTTP/1.1 200 OK\nContent-Length: 2\n\n{}", false, State::kComplete, 200, "{}"},
        Reading{"OddStatus", "HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n", false, State::kComplete, 999, ""},
        Reading{"Http10", "HTTP/1.0 200 OK\r\n\r\nx", true, State::kComplete, 200, "x"},
        Reading{"AfterInterimOnes",
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 201 Created\r\n"
                "Content-Length: 2\r\n\r\n{}",
                false, State::kComplete, 201, "{}"},
        Reading{"AfterASwitchNobodyAskedFor",
                "HTTP/1.1 101 Switching Protocols\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false,
                State::kComplete, 200, ""}),
    [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Unfinished, ReadingTest,
    ::testing::Values(
        Reading{"Nothing", "", true, State::kTruncated, 0, ""},
        Reading{"WithinTheStatusLine", "HTTP/1.1 20", true, State::kTruncated, 0, ""},
        Reading{"BodyShorterThanAnnounced", kOk + "Content-Length: 100\r\n\r\n{", true, State::kTruncated, 200, "{"},
        Reading{"ChunksCutOff", kOk + "Transfer-Encoding: chunked\r\n\r\n5\r\nab", true, State::kTruncated, 200, "ab"},
        Reading{"ChunksWithoutTheLast", kOk + "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", true, State::kTruncated,
                200, "ab"},
        Reading{"BadTrailerInPieces",
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Crea\r\nTransfer-Encoding: "
                "chunked\r\n\r\n0\r\nab{cd\r\n;x=y\r\n}"
                "\r\n0\r\nX: \r\n",
                false, State::kTruncated, 201, ""},
        Reading{"BadChunkSize", kOk + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", false, State::kTruncated, 200, ""},
        Reading{"OnlyAnInterimOne", "HTTP/1.1 100 Continue\r\n\r\n", true, State::kTruncated, 0, ""}),
    [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(
    NoHttp, ReadingTest,
    ::testing::Values(
        Reading{"Http09", "hello\r\n\r\n", false, State::kProtocolError, 0, ""},
        Reading{"Http7", "HTTP/7.3 200 OK\r\n\r\n", false, State::kProtocolError, 0, ""},
        Reading{"StatusBelow100", "HTTP/1.1 099 What\r\nContent-Length: 0\r\n\r\n", false, State::kProtocolError, 0,
                ""},
        Reading{"NulInHeader", kOk + std::string("X: a\0b\r\n\r\n", 10), false, State::kProtocolError, 200, ""},
        Reading{"NegativeLength", kOk + "Content-Length: -5\r\n\r\n", false, State::kProtocolError, 200, ""},
        Reading{"LengthThatOverflows", kOk + "Content-Length: 99999999999999999999\r\n\r\n", false,
                State::kProtocolError, 200, ""},
        Reading{"TwoLengths", kOk + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", false, State::kProtocolError, 200,
                ""}),
    [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Limits, ReadingTest,
    ::testing::Values(
        Reading{"BodyOverTheLimit", kOk + "Content-Length: 101\r\n\r\n" + std::string(101, 'x'), false,
                State::kTooLarge, 200, std::string(100, 'x')},
        Reading{"BodyAtTheLimit", kOk + "Content-Length: 100\r\n\r\n" + std::string(100, 'x'), false, State::kComplete,
                200, std::string(100, 'x')},
        Reading{"HeadersOverTheLimit", kOk + Repeat("X-Filler: 0123456789\r\n", 60) + "\r\n", false, State::kTooLarge,
                200, ""},
        Reading{"OneHugeHeader", kOk + "X: " + std::string(2000, 'x'), false, State::kTooLarge, 200, ""},
        Reading{"FloodOfInterimOnes", Repeat("HTTP/1.1 100 Continue\r\n\r\n", 100), false, State::kTooLarge, 100, ""},
        Reading{"EndlessExtensionOfAChunk", kOk + "Transfer-Encoding: chunked\r\n\r\n1;x=" + std::string(2000, 'x'),
                false, State::kTooLarge, 200, ""}),
    [](const auto& test) { return test.param.name; });

TEST(ResponseParserTest, KeepsTheHeadersOfInterest) {
  ResponseParser parser(kMaxHeaderBytes, kMaxBodyBytes);
  ASSERT_EQ(
      parser.Feed("HTTP/1.1 429 Too Many\r\nCONTENT-type:  application/json \r\nRetry-After: 7\r\n"
                  "Location: https://example.com/\r\nKeep-Alive: timeout=5, max=100\r\nContent-Length: 0\r\n\r\n"),
      State::kComplete);
  EXPECT_EQ(parser.keep_alive(), absl::Seconds(5));
  const Response response = parser.Take();
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_EQ(response.retry_after, "7");
  EXPECT_EQ(response.location, "https://example.com/");
}

TEST(ResponseParserTest, TakesNothingFromAnInterimResponseOrATrailer) {
  ResponseParser parser(kMaxHeaderBytes, kMaxBodyBytes);
  ASSERT_EQ(parser.Feed("HTTP/1.1 103 Early Hints\r\nLocation: early\r\n\r\n"), State::kMore);
  EXPECT_FALSE(parser.headers_complete());
  ASSERT_EQ(parser.Feed("HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nRetry-After: 9\r\n\r\n"),
            State::kComplete);
  EXPECT_TRUE(parser.headers_complete());
  const Response response = parser.Take();
  EXPECT_EQ(response.location, "");
  EXPECT_EQ(response.retry_after, "");
}

// The status is a verdict, even if the rest of the headers never came.
TEST(ResponseParserTest, IsCompleteAfterAStatusLineAndTheEndOfTheConnection) {
  ResponseParser parser(kMaxHeaderBytes, kMaxBodyBytes);
  ASSERT_EQ(parser.Feed("HTTP/1.1 400 Bad Request\r\n"), State::kMore);
  EXPECT_EQ(parser.End(), State::kComplete);
  EXPECT_EQ(parser.status(), 400);
  EXPECT_FALSE(parser.headers_complete());
  EXPECT_FALSE(parser.keeps_connection());
}

TEST(ResponseParserTest, TellsWhetherTheConnectionCanBeUsedAgain) {
  const auto keeps = [](const std::string& bytes) {
    ResponseParser parser(kMaxHeaderBytes, kMaxBodyBytes);
    EXPECT_EQ(parser.Feed(bytes), State::kComplete);
    return parser.keeps_connection();
  };
  EXPECT_TRUE(keeps("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  EXPECT_FALSE(keeps("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"));
  EXPECT_FALSE(keeps("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"));
  EXPECT_FALSE(keeps("HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"));
  EXPECT_TRUE(keeps("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n"));
}

TEST(ResponseParserTest, ReadsAnotherResponseAfterReset) {
  ResponseParser parser(kMaxHeaderBytes, kMaxBodyBytes);
  ASSERT_EQ(parser.Feed("HTTP/1.1 400 No\r\nRetry-After: 9\r\nContent-Length: 200\r\n\r\nhalf"), State::kMore);
  parser.Reset();
  ASSERT_EQ(parser.Feed("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"), State::kComplete);
  EXPECT_TRUE(parser.keeps_connection());
  const Response response = parser.Take();
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.retry_after, "");
  EXPECT_EQ(response.body, "{}");
}

TEST(ResponseParserTest, TellsOfBytesThatBelongToNoResponse) {
  ResponseParser parser(kMaxHeaderBytes, kMaxBodyBytes);
  ASSERT_EQ(parser.Feed("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\n"), State::kComplete);
  EXPECT_TRUE(parser.has_bytes_left_over());
  ResponseParser exact(kMaxHeaderBytes, kMaxBodyBytes);
  ASSERT_EQ(exact.Feed("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"), State::kComplete);
  EXPECT_FALSE(exact.has_bytes_left_over());
}

}  // namespace
}  // namespace interaction::http
