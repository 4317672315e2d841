#include "server/http/request_text.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace interaction::http {
namespace {

std::string TextOf(const Request& request, const RequestTarget& target) {
  std::string text;
  AppendRequest(request, target, &text);
  return text;
}

TEST(RequestTextTest, IsTheWholeRequest) {
  const Request request = {.url = "https://example.com/a?b=c",
                           .headers = {{"Content-Type", "application/json"}, {"X-Token", "a:b c"}, {"X-Empty", ""}},
                           .body = "{}"};
  EXPECT_EQ(TextOf(request, {.target = "/a?b=c", .host = "example.com"}),
            "POST /a?b=c HTTP/1.1\r\nHost: example.com\r\nAccept: */*\r\nContent-Type: application/json\r\n"
            "X-Token: a:b c\r\nX-Empty: \r\nContent-Length: 2\r\n\r\n{}");
}

TEST(RequestTextTest, LeavesAcceptToTheRequestThatNamesIt) {
  const Request request = {.headers = {{"accept", "application/xml"}}};
  EXPECT_EQ(TextOf(request, {.target = "/", .host = "a"}),
            "POST / HTTP/1.1\r\nHost: a\r\naccept: application/xml\r\nContent-Length: 0\r\n\r\n");
}

TEST(RequestTextTest, BeginsThePathWithASlash) {
  EXPECT_THAT(TextOf({}, {.target = "", .host = "a"}), ::testing::StartsWith("POST / HTTP/1.1\r\n"));
  EXPECT_THAT(TextOf({}, {.target = "?x=1", .host = "a"}), ::testing::StartsWith("POST /?x=1 HTTP/1.1\r\n"));
}

TEST(RequestTextTest, TellsAProxyTheWholeUrlAndWhoAsks) {
  EXPECT_EQ(TextOf({}, {.target = "http://a/b", .host = "a", .proxy_authorization = "Basic dTpw"}),
            "POST http://a/b HTTP/1.1\r\nHost: a\r\nAccept: */*\r\nProxy-Authorization: Basic dTpw\r\n"
            "Content-Length: 0\r\n\r\n");
}

struct BadHeader {
  const char* name;
  Header header;
};

class BadHeaderTest : public ::testing::TestWithParam<BadHeader> {};

TEST_P(BadHeaderTest, IsRefused) {
  EXPECT_FALSE(IsSendable({.url = "http://a/", .headers = {{"Accept", "*/*"}, GetParam().header}}));
}

INSTANTIATE_TEST_SUITE_P(Headers, BadHeaderTest,
                         ::testing::Values(BadHeader{"CrLfInValue", {"X-Token", "t\r\nX-Injected: 1"}},
                                           BadHeader{"LfInValue", {"X-Token", "t\nX-Injected: 1"}},
                                           BadHeader{"CrInValue", {"X-Token", "t\rX"}},
                                           BadHeader{"NulInValue", {"X-Token", std::string("t\0x", 3)}},
                                           BadHeader{"LfInName", {"X-Token\nX", "t"}},
                                           BadHeader{"ColonInName", {"X:Y", "t"}},
                                           BadHeader{"BlankInName", {"X Y", "t"}},
                                           BadHeader{"SemicolonInName", {"X;", "t"}},
                                           BadHeader{"EmptyName", {"", "t"}}),
                         [](const auto& test) { return test.param.name; });

TEST(IsSendableTest, TakesUrlsOfVisibleCharactersWithoutAFragment) {
  EXPECT_TRUE(IsSendable({.url = "https://example.com/a%20b?c=d"}));
  EXPECT_FALSE(IsSendable({.url = "https://example.com/a b"}));
  EXPECT_FALSE(IsSendable({.url = "https://example.com/\r\nX: 1"}));
  EXPECT_FALSE(IsSendable({.url = "https://example.com/\xc3\xa4"}));
  EXPECT_FALSE(IsSendable({.url = "https://example.com/#a"}));
}

}  // namespace
}  // namespace interaction::http
