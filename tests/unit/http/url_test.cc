#include "server/http/url.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/matchers.h"

namespace interaction::http {
namespace {

using ::interaction::testing::IsOkAndHolds;
using ::interaction::testing::StatusIs;
using ::testing::AllOf;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::Not;

auto IsUrl(const char* scheme, const char* host, int port) {
  return AllOf(Field(&Url::scheme, scheme), Field(&Url::host, host), Field(&Url::port, port));
}

TEST(ParseUrlTest, TellsWhereAUrlLeads) {
  EXPECT_THAT(ParseUrl("https://api.example.com/a/b?c=d"), IsOkAndHolds(IsUrl("https", "api.example.com", 443)));
  EXPECT_THAT(ParseUrl("http://192.0.2.1:8080"), IsOkAndHolds(IsUrl("http", "192.0.2.1", 8080)));
}

TEST(ParseUrlTest, TakesTheBracketsOffAnIpv6Address) {
  EXPECT_THAT(ParseUrl("https://[2001:db8::1]:444/"), IsOkAndHolds(IsUrl("https", "2001:db8::1", 444)));
}

TEST(ParseUrlTest, LowersTheCaseOfTheHost) {
  EXPECT_THAT(ParseUrl("HTTPS://API.Example.COM/"), IsOkAndHolds(IsUrl("https", "api.example.com", 443)));
}

TEST(ParseUrlTest, SeesThroughOtherSpellingsOfAnAddress) {
  EXPECT_THAT(ParseUrl("http://0x7f.1/"), IsOkAndHolds(IsUrl("http", "127.0.0.1", 80)));
  EXPECT_THAT(ParseUrl("http://2130706433/"), IsOkAndHolds(IsUrl("http", "127.0.0.1", 80)));
}

struct BadUrl {
  const char* name;
  std::string url;
};

class BadUrlTest : public ::testing::TestWithParam<BadUrl> {};

TEST_P(BadUrlTest, IsRefusedWithoutBeingRepeated) {
  const auto result = ParseUrl(GetParam().url);
  EXPECT_THAT(result, StatusIs(absl::StatusCode::kInvalidArgument, Not(HasSubstr("secret"))));
}

INSTANTIATE_TEST_SUITE_P(
    Urls, BadUrlTest,
    ::testing::Values(BadUrl{"Empty", ""}, BadUrl{"NoScheme", "secret.example.com/"},
                      BadUrl{"OneSlash", "https:/example.com/"}, BadUrl{"OtherScheme", "ftp://secret.example.com/"},
                      BadUrl{"File", "file:///etc/passwd"}, BadUrl{"User", "https://secret@example.com/"},
                      BadUrl{"UserAndPassword", "https://a:secret@example.com/"},
                      BadUrl{"HostThatOnlyLooksRight", "https://wv0001@127.0.0.1:1#.wolkvox.com/"},
                      BadUrl{"Fragment", "https://example.com/#secret"},
                      BadUrl{"LineBreak", "https://example.com/\r\nsecret: 1"},
                      BadUrl{"Blank", "https://example.com/a secret"},
                      BadUrl{"Nul", std::string("https://example.com/\0x", 22)}, BadUrl{"NoHost", "https:///path"},
                      BadUrl{"BadPort", "https://example.com:99999/"}, BadUrl{"Zone", "https://[fe80::1%25eth0]/"}),
    [](const auto& test) { return test.param.name; });

TEST(HostOfTest, IsTheHost) {
  EXPECT_THAT(HostOf("https://wv0001.example.com:444/x"), IsOkAndHolds("wv0001.example.com"));
}

struct Joining {
  const char* name;
  const char* base;
  const char* path;
  QueryParameters query;
  const char* joined;
};

class JoinUrlTest : public ::testing::TestWithParam<Joining> {};

TEST_P(JoinUrlTest, AppendsPathAndQuery) {
  EXPECT_THAT(JoinUrl(GetParam().base, GetParam().path, GetParam().query),
              IsOkAndHolds(std::string(GetParam().joined)));
}

INSTANTIATE_TEST_SUITE_P(
    Rows, JoinUrlTest,
    ::testing::Values(
        Joining{"BareHost", "https://example.com", "a/b", {}, "https://example.com/a/b"},
        Joining{"TrailingSlash", "https://example.com/", "a/b", {}, "https://example.com/a/b"},
        Joining{"BothSlashes", "https://example.com/", "/a", {}, "https://example.com/a"},
        Joining{"PathOfItsOwn", "https://example.com/base", "a", {}, "https://example.com/base/a"},
        Joining{"Port", "http://127.0.0.1:8080/", "a", {}, "http://127.0.0.1:8080/a"},
        Joining{"Query", "https://example.com/", "a.php", {{"api", "add"}}, "https://example.com/a.php?api=add"},
        Joining{
            "TwoParameters", "https://example.com/", "a", {{"b", "1"}, {"c", "2"}}, "https://example.com/a?b=1&c=2"},
        Joining{"Encoding",
                "https://example.com/",
                "a",
                {{"b", "x&y=z #\r\n"}},
                "https://example.com/a?b=x%26y%3dz+%23%0d%0a"}),
    [](const auto& test) { return test.param.name; });

TEST(JoinUrlTest, RefusesABaseWithAQuery) {
  EXPECT_THAT(JoinUrl("https://example.com/?a=b", "c", {}), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(JoinUrlTest, RefusesAPathThatCouldBeMore) {
  for (const char* path : {"a?b=c", "a#b", "a%2fb", "a b", "a\r\nb", "@example.org", "a:b"}) {
    EXPECT_THAT(JoinUrl("https://example.com/", path, {}), StatusIs(absl::StatusCode::kInvalidArgument)) << path;
  }
}

TEST(UserInfoOfTest, IsDecoded) {
  EXPECT_EQ(UserInfoOf("http://user:p%40ss@proxy:3128"), "user:p@ss");
  EXPECT_EQ(UserInfoOf("http://user@proxy"), "user:");
  EXPECT_EQ(UserInfoOf("http://proxy"), "");
}

}  // namespace
}  // namespace interaction::http
