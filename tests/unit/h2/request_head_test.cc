#include "server/h2/request_head.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace interaction::h2 {
namespace {

using ::testing::Optional;

TEST(ParseTimeoutTest, ReadsEveryUnit) {
  EXPECT_THAT(ParseTimeout("1H"), Optional(absl::Hours(1)));
  EXPECT_THAT(ParseTimeout("2M"), Optional(absl::Minutes(2)));
  EXPECT_THAT(ParseTimeout("3S"), Optional(absl::Seconds(3)));
  EXPECT_THAT(ParseTimeout("4m"), Optional(absl::Milliseconds(4)));
  EXPECT_THAT(ParseTimeout("5u"), Optional(absl::Microseconds(5)));
  EXPECT_THAT(ParseTimeout("6n"), Optional(absl::Nanoseconds(6)));
}

TEST(ParseTimeoutTest, IsAtMostADay) { EXPECT_THAT(ParseTimeout("99999999H"), Optional(absl::Hours(24))); }

TEST(ParseTimeoutTest, RejectsEverythingElse) {
  for (const char* const text : {"", "S", "1", "1s", "1h", "-1S", "+1S", " 1S", "1 S", "1.5S", "123456789S", "1SS"}) {
    EXPECT_EQ(ParseTimeout(text), std::nullopt) << text;
  }
}

TEST(HeaderReaderTest, CountsBytesAsHttp2Does) {
  HeaderReader headers;
  headers.Add(":path", "/a");
  headers.Add("k", "v");
  EXPECT_EQ(headers.bytes(), 5u + 2 + 32 + 1 + 1 + 32);
}

TEST(HeaderReaderTest, ForgetsOneRequestBeforeTheNext) {
  HeaderReader headers;
  headers.Add("grpc-timeout", "1S");
  headers.Add("k", "v");
  ASSERT_TRUE(headers.Parse().ok());
  headers.Clear();
  ASSERT_TRUE(headers.Parse().ok());
  EXPECT_TRUE(headers.head().metadata.empty());
  EXPECT_EQ(headers.head().timeout, std::nullopt);
  EXPECT_EQ(headers.bytes(), 0u);
}

TEST(HeaderReaderTest, TakesGrpcWithSuffixAndParameter) {
  for (const char* const type : {"application/grpc", "application/grpc+proto", "application/grpc;charset=utf-8"}) {
    HeaderReader headers;
    headers.Add("content-type", type);
    EXPECT_EQ(headers.HttpStatus(), 0) << type;
  }
  HeaderReader web;
  web.Add("content-type", "application/grpc-web");
  EXPECT_EQ(web.HttpStatus(), 415);
}

TEST(HeaderReaderTest, AnEmptyNameIsThatOfAnyMetadata) {
  HeaderReader headers;
  headers.Add("", "v");

  ASSERT_TRUE(headers.Parse().ok());

  EXPECT_EQ(headers.head().metadata.size(), 1u);
}

TEST(HeaderReaderTest, NamesAMalformedHeader) {
  HeaderReader headers;
  headers.AddMalformed("bad\x01name");
  EXPECT_EQ(headers.Parse().message(),
            "The header bad\\x01name is malformed: it must be a valid HTTP header, without control characters.");
}

}  // namespace
}  // namespace interaction::h2
