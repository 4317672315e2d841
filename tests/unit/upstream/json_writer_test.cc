#include "server/upstream/json_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace interaction::upstream {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string Write(absl::string_view value) {
  JsonWriter json(16);
  json.Add("v", value);
  return json.Finish();
}

TEST(JsonWriterTest, NoMembersAreAnEmptyObject) { EXPECT_EQ(JsonWriter(0).Finish(), "{}"); }

TEST(JsonWriterTest, MembersComeInTheOrderOfAddingWithoutBlanks) {
  JsonWriter json(8);
  json.Add("to", "b");
  json.Add("from", "a");
  json.Add("subject", "");
  EXPECT_EQ(json.Finish(), R"({"to":"b","from":"a","subject":""})");
}

TEST(JsonWriterTest, QuotesAndBackslashesAreEscaped) { EXPECT_EQ(Write(R"(a"b\c)"), R"({"v":"a\"b\\c"})"); }

TEST(JsonWriterTest, LineEndsAndTabsAreEscaped) { EXPECT_EQ(Write("a\r\nb\tc"), R"({"v":"a\r\nb\tc"})"); }

TEST(JsonWriterTest, SlashesAndHtmlAreLeftAlone) { EXPECT_EQ(Write("</script>&'"), R"({"v":"</script>&'"})"); }

TEST(JsonWriterTest, TextBeyondAsciiIsWrittenAsUtf8) {
  EXPECT_EQ(Write("\u00d1and\u00fa \u20ac \U0001F600"), "{\"v\":\"\u00d1and\u00fa \u20ac \U0001F600\"}");
}

TEST(JsonWriterTest, LineEndsOfJavaScriptAreEscaped) {
  EXPECT_EQ(Write("a\u2028b\u2029c"), R"({"v":"a\u2028b\u2029c"})");
}

TEST(JsonWriterTest, NeighboursOfTheLineEndsOfJavaScriptAreNot) {
  EXPECT_EQ(Write("\u2027\u202a\u20a8"), "{\"v\":\"\u2027\u202a\u20a8\"}");
}

// Long texts are looked at eight characters at a time.
TEST(JsonWriterTest, EveryCharacterComesBackFromEveryPlaceOfATextOfEveryLength) {
  for (int c = 0; c < 0x80; ++c) {
    for (size_t size = 1; size <= 20; ++size) {
      for (size_t place = 0; place < size; ++place) {
        std::string value(size, 'x');
        value[place] = static_cast<char>(c);
        const std::string text = Write(value);
        ASSERT_EQ(nlohmann::json::parse(text)["v"], value) << c << " at " << place << " of " << size;
        const bool is_plain = c >= 0x20 && c != '"' && c != '\\';
        ASSERT_EQ(text == "{\"v\":\"" + value + "\"}", is_plain) << c;
      }
    }
  }
}

TEST(JsonWriterTest, LineEndsOfJavaScriptAreEscapedAtEveryPlace) {
  for (size_t before = 0; before <= 16; ++before) {
    const std::string plain(before, 'x');
    EXPECT_EQ(Write(plain + "\u2028" + plain), "{\"v\":\"" + plain + "\\u2028" + plain + "\"}");
  }
}

TEST(JsonWriterTest, EveryControlCharacterIsEscapedAndComesBack) {
  for (char c = 0; c < 0x20; ++c) {
    const std::string value = absl::StrCat("a", std::string(1, c), "b");
    const std::string text = Write(value);
    EXPECT_THAT(text, Not(HasSubstr(std::string(1, c)))) << int{c};
    EXPECT_EQ(nlohmann::json::parse(text)["v"], value) << int{c};
  }
}

TEST(JsonWriterTest, AnotherParserReadsBackWhatWasWritten) {
  std::string every_character;
  for (int c = 0; c < 0x80; ++c) every_character += static_cast<char>(c);
  for (const std::string& value :
       {every_character, std::string("\u0080\u07ff\u0800\ud7ff\ue000\ufffe\uffff\U00010000\U0010FFFF"),
        std::string(100000, '"')}) {
    EXPECT_EQ(nlohmann::json::parse(Write(value))["v"], value);
  }
}

}  // namespace
}  // namespace interaction::upstream
