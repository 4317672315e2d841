#include "server/config/values.h"

#include <limits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace interaction::config {
namespace {

using ::testing::Optional;

constexpr int kMaxInt = std::numeric_limits<int>::max();

// One row: the text, and what it reads as; nullopt: not of the form.
template <typename T>
struct Row {
  std::string text;
  std::optional<T> value;
};

TEST(ParseIntegerTest, TakesDigitsWithinTheRangeOnly) {
  const std::vector<Row<int>> rows = {
      {"0", 0},    {"007", 7},  {"-3", -3},  {"100", 100},       {"-5", -5},         {"101", {}},
      {"-6", {}},  {"", {}},    {"-", {}},   {"+1", {}},         {" 1", {}},         {"1 ", {}},
      {"1.0", {}}, {"1e1", {}}, {"0x1", {}}, {"4294967296", {}}, {"2147483648", {}}, {"99999999999999999999", {}},
      {"one", {}},
  };
  for (const auto& row : rows) EXPECT_EQ(ParseInteger(row.text, -5, 100), row.value) << row.text;
}

TEST(ParseBooleanTest, TakesTrueAndFalseOnly) {
  const std::vector<Row<bool>> rows = {{"true", true}, {"false", false}, {"yes", {}},
                                       {"True", {}},   {"1", {}},        {"", {}}};
  for (const auto& row : rows) EXPECT_EQ(ParseBoolean(row.text), row.value) << row.text;
}

TEST(ParseTimeTest, AsksForAUnitAndKeepsToTheRange) {
  const std::vector<Row<absl::Duration>> rows = {
      {"250ms", absl::Milliseconds(250)},
      {"1m30s", absl::Seconds(90)},
      {"1.5s", absl::Milliseconds(1500)},
      {"50us", absl::Microseconds(50)},
      {"0s", absl::ZeroDuration()},
      {"1h", absl::Hours(1)},
      {"1h1ns", {}},
      {"-1s", {}},
      {"30", {}},
      {"0", {}},
      {"", {}},
      {"s", {}},
      {"inf", {}},
      {"1 s", {}},
      {" 1s", {}},
      {"+1s", {}},
      {"1d", {}},
      {"1S", {}},
      {"1s30", {}},
      {"99999999999999999h", {}},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(ParseTime(row.text, absl::ZeroDuration(), absl::Hours(1)), row.value) << row.text;
  }
}

TEST(FormatTimeTest, WritesWhatParseTimeReads) {
  for (absl::Duration time : {absl::ZeroDuration(), absl::Microseconds(50), absl::Seconds(1.5), absl::Minutes(90)}) {
    EXPECT_THAT(ParseTime(FormatTime(time), absl::ZeroDuration(), absl::Hours(2)), Optional(time));
  }
}

TEST(ParseSizeTest, TakesBytesKibibytesAndMebibytes) {
  const std::vector<Row<int>> rows = {
      {"1", 1},
      {"65536", 65536},
      {"64KiB", 65536},
      {"1MiB", 1 << 20},
      {"2047MiB", 2047 << 20},
      {"0", {}},
      {"2048MiB", {}},
      {"64KB", {}},
      {"64K", {}},
      {"64kib", {}},
      {"64 KiB", {}},
      {"-1KiB", {}},
      {"KiB", {}},
      {"1.5MiB", {}},
      {"", {}},
      {"4294967297", {}},
      {"4194305KiB", {}},
      {"99999999999MiB", {}},
      {"1GiB", {}},
  };
  for (const auto& row : rows) EXPECT_EQ(ParseSize(row.text, 1, kMaxInt), row.value) << row.text;
}

TEST(FormatSizeTest, WritesTheShortestThatParseSizeReads) {
  EXPECT_EQ(FormatSize(0), "0");
  EXPECT_EQ(FormatSize(1000), "1000");
  EXPECT_EQ(FormatSize(1024), "1KiB");
  EXPECT_EQ(FormatSize(3 << 20), "3MiB");
  EXPECT_EQ(FormatSize((1 << 20) + 1024), "1025KiB");
}

TEST(ParseListenTest, TakesAddressesThatCanBeListenedOn) {
  for (const char* text : {"0.0.0.0:50051", "localhost:0", "[::]:50051", "[::1]:65535", "unix:/run/i.sock", "dns:1"}) {
    EXPECT_THAT(ParseListen(text), Optional(std::string(text)));
  }
  const std::string long_path = absl::StrCat("unix:/", std::string(107, 'p'));
  for (absl::string_view text : std::vector<absl::string_view>{"0.0.0.0",
                                                               ":50051",
                                                               "0.0.0.0:",
                                                               "a:65536",
                                                               "a:-1",
                                                               "a:b",
                                                               "::1:50051",
                                                               "[::1]",
                                                               "[::1]50051",
                                                               "[nonsense]:1",
                                                               "[fe80::1%eth0]:1",
                                                               "1.2.3:1",
                                                               "256.1.1.1:1",
                                                               "a.:1",
                                                               "-a:1",
                                                               "unix-abstract:1",
                                                               "unix:relative",
                                                               "unix:",
                                                               "http://a:1",
                                                               "a b:1",
                                                               "",
                                                               long_path}) {
    EXPECT_EQ(ParseListen(text), std::nullopt) << text;
  }
}

TEST(ParseConnectTest, TakesAddressesThatCanBeConnectedTo) {
  for (const char* text : {"", "redis:6379", "[::1]:1", "unix:/run/redis.sock"}) {
    EXPECT_THAT(ParseConnect(text), Optional(std::string(text)));
  }
  for (const char* text : {"redis:0", "redis", "redis://redis:6379", "redis.:6379"}) {
    EXPECT_EQ(ParseConnect(text), std::nullopt) << text;
  }
}

TEST(ParseBaseUrlTest, TakesHostPortAndPathAndEndsTheUrlWithASlash) {
  const std::vector<Row<std::string>> rows = {
      {"https://a.example/", "https://a.example/"},
      {"https://a.example", "https://a.example/"},
      {"http://127.0.0.1:8080", "http://127.0.0.1:8080/"},
      {"https://[::1]:8443/x/y", "https://[::1]:8443/x/y/"},
      {"https://sand_box/%20~", "https://sand_box/%20~/"},
      {"HTTPS://A.example/X", "https://A.example/X/"},
      {"Http://a", "http://a/"},
      {"https://1.2.3.4/", "https://1.2.3.4/"},
      {"https://1.2.3.4.5/", {}},
      {"https://2130706433/", {}},
      {"https://a.example./", {}},
      {"https://a-.example/", {}},
      {"https://[fe80::1%25eth0]/", {}},
      {"https://::1/", {}},
      {"https://", {}},
      {"https:///x", {}},
      {"https://a..b/", {}},
      {"https://a:0/", {}},
      {"https://a:65536/", {}},
      {"https://a:/", {}},
      {"https://[::1/", {}},
      {"https://user:pw@a/", {}},
      {"https://a/?q=1", {}},
      {"https://a?q=1", {}},
      {"https://a/#f", {}},
      {"https://a b/", {}},
      {"https://a/ b", {}},
      {"https://a/\n", {}},
      {"https://a\\b/", {}},
      {"https://wv{server}.a/", {}},
      {"ftp://a/", {}},
      {"a.example", {}},
      {"//a.example/", {}},
      {"", {}},
  };
  for (const auto& row : rows) EXPECT_EQ(ParseBaseUrl(row.text), row.value) << row.text;
}

TEST(ParseBaseUrlTemplateTest, TakesOneServerInTheHostBeforeAFixedDomain) {
  const std::vector<Row<std::string>> rows = {
      {"https://wv{server}.a.example/", "https://wv{server}.a.example/"},
      {"https://{server}.a.example", "https://{server}.a.example/"},
      {"https://x.wv{server}.a:8443/p", "https://x.wv{server}.a:8443/p/"},
      {"https://a.example/", "https://a.example/"},
      {"HTTPS://wv{server}.a.example", "https://wv{server}.a.example/"},
      {"http://127.0.0.1:8080", "http://127.0.0.1:8080/"},
      {"https://{server}.0.0.1/", {}},
      {"https://{server}/", {}},
      {"https://a.{server}/", {}},
      {"https://{server}/a.b", {}},
      {"https://{server}:80/", {}},
      {"https://{server}./", {}},
      {"https://a.example/{server}.x", {}},
      {"https://a:{server}.1/", {}},
      {"https://{server}@a.example/", {}},
      {"{server}://a.example/", {}},
      {"https://{server}.{server}.a/", {}},
      {"https://wv{Server}.a/", {}},
      {"https://wv{server.a/", {}},
  };
  for (const auto& row : rows) EXPECT_EQ(ParseBaseUrlTemplate(row.text), row.value) << row.text;
}

TEST(ParseProxyTest, TakesAProxyWithOrWithoutUser) {
  for (const char* text : {"", "http://proxy:3128", "http://user:p%40ss@proxy:3128/", "http://[::1]:3128"}) {
    EXPECT_THAT(ParseProxy(text), Optional(std::string(text)));
  }
  EXPECT_THAT(ParseProxy("HTTP://Proxy"), Optional(std::string("http://Proxy")));
  for (const char* text :
       {"proxy:3128", "https://proxy", "socks5://proxy", "http://", "http://proxy/path", "http://us er@proxy",
        "http://user:p@ss@proxy", "http://user:p#ss@proxy", "http://user:p/ss@proxy"}) {
    EXPECT_EQ(ParseProxy(text), std::nullopt) << text;
  }
}

TEST(ParseNoProxyTest, TakesWhatIsCompared) {
  for (const char* text : {"", "*", "a.example", ".a.example,b.example", "10.0.0.1, ::1 c"}) {
    EXPECT_THAT(ParseNoProxy(text), Optional(std::string(text)));
  }
  for (const char* text : {"10.0.0.0/8", "*.a.example", "[::1]", "a.example:443", "https://a.example", "a.example."}) {
    EXPECT_EQ(ParseNoProxy(text), std::nullopt) << text;
  }
}

TEST(WhyNotTest, NamesThePartThatIsWrong) {
  const std::vector<std::pair<std::string, std::string>> addresses = {
      {"a.example.:1", "the host ends with a dot; remove it"},
      {"::1:50051", "write an IPv6 address in brackets: [::1]"},
      {"[::1", "the bracket is not closed"},
      {"[::1]", "the port is missing"},
      {"[fe80::1%eth0]:1", "an IPv6 address with a zone is not supported"},
      {"[1.2.3.4]:1", "the text in the brackets is not an IPv6 address"},
      {"256.0.0.1:1", "the host ends with a number but is not an IPv4 address"},
      {":1", "the host is missing"},
      {"a b:1", "the host is not a valid host name"},
      {"a:99999", "the port is not a number up to 65535"},
      {"unix:run/i.sock", "the path does not begin with /"},
      {"unix:/" + std::string(107, 'p'), "the path is longer than 107 characters"},
      {"unix-abstract:i", "an abstract socket is not supported"},
  };
  for (const auto& [text, why] : addresses) EXPECT_EQ(WhyNotAddress(text), why) << text;
  const std::vector<std::pair<std::string, std::string>> urls = {
      {"a.example/", "it begins with neither https:// nor http://"},
      {"https://a.example./x", "the host ends with a dot; remove it"},
      {"https://::1:8080/", "write an IPv6 address in brackets: [::1]"},
      {"https://u:p@a/", "a user and password are not allowed here"},
      {"https://a/?q=1", "a query or fragment is not allowed here"},
      {"https://a/ b", ""},
  };
  for (const auto& [text, why] : urls) EXPECT_EQ(WhyNotUrl(text), why) << text;
}

TEST(ParseServerNameTest, TakesOneLabelAndBringsItIntoOneForm) {
  const std::string longest(32, 'a');
  const std::vector<Row<std::string>> rows = {
      {"0042", "0042"},   {"wv0042", "0042"},  {"WV0042", "0042"}, {"wv", "wv"}, {"wvx", "wvx"},   {"AB-c", "ab-c"},
      {longest, longest}, {longest + "a", {}}, {"", {}},           {"-a", {}},   {"a-", {}},       {"wv0-", {}},
      {"a.b", {}},        {"a_b", {}},         {"a/b", {}},        {" a", {}},   {"{server}", {}}, {"\xc3\xa9", {}},
  };
  for (const auto& row : rows) EXPECT_EQ(ParseServerName(row.text), row.value) << row.text;
}

TEST(QuoteTest, ShowsControlCharactersAndHidesUsersOfUrls) {
  EXPECT_EQ(Quote("plain"), R"("plain")");
  EXPECT_EQ(Quote("a\"b\\c\n\x7f"), R"("a\"b\\c\x0a\x7f")");
  EXPECT_EQ(Quote("\xc3\xa9"), "\"\xc3\xa9\"");
  EXPECT_EQ(Quote("http://user:p@ss@proxy:3128"), R"("http://***@proxy:3128")");
  EXPECT_EQ(Quote("user:pass@proxy:3128"), R"("***@proxy:3128")");
  EXPECT_EQ(Quote("/run/a:b@c"), R"("/run/a:b@c")");
}

}  // namespace
}  // namespace interaction::config
