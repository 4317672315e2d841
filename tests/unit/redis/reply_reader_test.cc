#include "server/redis/reply_reader.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/matchers.h"

namespace interaction::redis {
namespace {

using ::interaction::testing::IsOk;
using ::interaction::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Kind = Reply::Kind;
using Replies = std::vector<absl::StatusOr<Reply>>;

Reply Text(const std::string& text) { return {.kind = Kind::kString, .text = text}; }
Reply Integer(int64_t integer) { return {.kind = Kind::kInteger, .integer = integer}; }
Reply Array(std::vector<Reply> elements) { return {.kind = Kind::kArray, .elements = std::move(elements)}; }

struct Reading {
  absl::Status status;
  Replies replies;
};

// What comes of these bytes when so many arrive at a time.
Reading Read(absl::string_view bytes, size_t at_a_time, const ReplyLimits& limits = {}) {
  ReplyReader reader(limits);
  Reading reading;
  for (size_t at = 0; at < bytes.size() && reading.status.ok(); at += at_a_time) {
    reading.status = reader.Read(bytes.substr(at, at_a_time), [&](absl::StatusOr<Reply> reply) {
      reading.replies.push_back(std::move(reply));
      return absl::OkStatus();
    });
  }
  return reading;
}

struct Row {
  const char* name;
  std::string bytes;
  Reply reply;
};

TEST(ReplyReaderTest, ReadsEveryKindHoweverItArrives) {
  const std::string binary("a\0\r\n\xff", 5);
  const std::vector<Row> rows = {
      {"a status", "+OK\r\n", Text("OK")},
      {"an empty status", "+\r\n", Text("")},
      {"an integer", ":42\r\n", Integer(42)},
      {"a negative integer", ":-9223372036854775808\r\n", Integer(INT64_MIN)},
      {"a string", "$2\r\nab\r\n", Text("ab")},
      {"an empty string", "$0\r\n\r\n", Text("")},
      {"bytes", absl::StrCat("$5\r\n", binary, "\r\n"), Text(binary)},
      {"nil", "$-1\r\n", Reply{}},
      {"a nil array", "*-1\r\n", Reply{}},
      {"an empty array", "*0\r\n", Array({})},
      {"an array", "*3\r\n:1\r\n$2\r\nab\r\n$-1\r\n", Array({Integer(1), Text("ab"), Reply{}})},
      {"arrays in an array", "*3\r\n*2\r\n:1\r\n:2\r\n*0\r\n+OK\r\n",
       Array({Array({Integer(1), Integer(2)}), Array({}), Text("OK")})},
      {"four arrays deep", "*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n", Array({Array({Array({Array({Integer(1)})})})})},
  };
  for (const Row& row : rows) {
    for (const size_t at_a_time : {size_t{1}, size_t{2}, row.bytes.size(), 2 * row.bytes.size()}) {
      const Reading reading = Read(absl::StrCat(row.bytes, row.bytes), at_a_time);
      EXPECT_THAT(reading.status, IsOk()) << row.name;
      EXPECT_THAT(reading.replies, ElementsAre(row.reply, row.reply)) << row.name << ", " << at_a_time << " at a time";
    }
  }
}

TEST(ReplyReaderTest, KeepsWhatIsIncompleteForLater) {
  const std::string whole = "*2\r\n$2\r\nab\r\n:1\r\n";
  for (size_t size = 0; size < whole.size(); ++size) {
    const Reading reading = Read(whole.substr(0, size), 1);
    EXPECT_THAT(reading.status, IsOk()) << size;
    EXPECT_THAT(reading.replies, IsEmpty()) << size;
  }
}

TEST(ReplyReaderTest, AnErrorReplyIsAnErrorOfThatReplyOnly) {
  const Reading reading = Read("+a\r\n-OOM s3cret\r\n*2\r\n-WRONGTYPE s3cret\r\n:1\r\n+b\r\n", 3);
  EXPECT_THAT(reading.status, IsOk());
  ASSERT_EQ(reading.replies.size(), 4u);
  EXPECT_EQ(*reading.replies[0], Text("a"));
  EXPECT_THAT(reading.replies[1], StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(reading.replies[2], StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(*reading.replies[3], Text("b"));
  for (const auto& reply : reading.replies) EXPECT_THAT(reply.status().ToString(), Not(HasSubstr("s3cret")));
}

TEST(ReplyReaderTest, EndsWithTheErrorOfWhoTakesTheReplies) {
  ReplyReader reader;
  int taken = 0;
  const absl::Status status = reader.Read("+a\r\n+b\r\n", [&](const absl::StatusOr<Reply>&) {
    ++taken;
    return absl::AbortedError("enough");
  });
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kAborted));
  EXPECT_EQ(taken, 1);
}

// None of these is waited for: they are refused as soon as they are announced.
TEST(ReplyReaderTest, RefusesWhatIsAnnouncedTooLarge) {
  const struct {
    const char* name;
    std::string bytes;
    const char* error;
  } rows[] = {
      {"2^31 elements", "*2147483648\r\n", "2147483648 elements, more than 1024"},
      {"2^31 - 1 elements", "*2147483647\r\n", "2147483647 elements"},
      {"one element too many", "*1025\r\n", "1025 elements"},
      {"too many in several arrays", "*2\r\n*1023\r\n", "1023 elements"},
      {"2^31 bytes", "$2147483648\r\n", "2147483648 bytes, more than 1048576"},
      {"one byte too many", "$1048577\r\n", "1048577 bytes"},
      {"too much in several strings", absl::StrCat("*2\r\n$1048576\r\n", std::string(1048576, 'x'), "\r\n$1\r\n"),
       "1 bytes"},
      {"2^63 - 1 bytes", "$9223372036854775807\r\n", "9223372036854775807 bytes"},
      {"five arrays deep", "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n", "4 deep"},
      {"a line without an end", absl::StrCat("+", std::string(70000, 'x')), "a line without an end"},
      {"an error without an end", absl::StrCat("-ERR ", std::string(70000, 'x')), "a line without an end"},
      {"a long line", absl::StrCat("+", std::string(70000, 'x'), "\r\n"), "a line without an end"},
  };
  for (const auto& row : rows) {
    const Reading reading = Read(row.bytes, 1000);
    EXPECT_THAT(reading.status, StatusIs(absl::StatusCode::kInternal, HasSubstr(row.error))) << row.name;
    EXPECT_THAT(reading.replies, IsEmpty()) << row.name;
  }
}

TEST(ReplyReaderTest, TheLimitsAreOfOneReply) {
  const std::string large = absl::StrCat("$1048576\r\n", std::string(1048576, 'x'), "\r\n");
  EXPECT_THAT(Read(absl::StrCat(large, large, "*2\r\n:1\r\n:2\r\n"), 1 << 16).replies, ::testing::SizeIs(3));
}

TEST(ReplyReaderTest, RefusesWhatIsNoReply) {
  const char* const rows[] = {
      "HTTP/1.1 400 Bad Request\r\n",
      "\r\n",
      "x\r\n",
      ":\r\n",
      ":1a\r\n",
      ":+1\r\n",
      ": 1\r\n",
      ":--1\r\n",
      ":1.0\r\n",
      ":9223372036854775808\r\n",
      "$-2\r\n",
      "$a\r\n",
      "$2\r\nabc\r\n",
      "*-2\r\n",
      "*x\r\n",
      "%1\r\n+a\r\n+b\r\n",
      "_\r\n",
      "*1\r\nx\r\n",
  };
  for (const char* bytes : rows) {
    EXPECT_THAT(Read(bytes, 1).status, StatusIs(absl::StatusCode::kInternal, HasSubstr("not a Redis reply"))) << bytes;
  }
}

}  // namespace
}  // namespace interaction::redis
