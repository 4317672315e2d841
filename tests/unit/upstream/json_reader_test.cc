#include "server/upstream/json_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "tests/support/matchers.h"

namespace interaction::upstream {
namespace {

using ::interaction::testing::IsOk;
using ::interaction::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::Not;

std::string Repeat(int times, absl::string_view text) {
  std::string result;
  for (int i = 0; i < times; ++i) absl::StrAppend(&result, text);
  return result;
}

// The string member "v" of an object; what it is instead, in brackets.
std::string ValueIn(absl::string_view body) {
  const auto object = JsonObject::Parse(body);
  if (!object.ok()) return "<no object>";
  std::string_view text;
  const auto error = (*object)["v"].get(text);
  return error == simdjson::SUCCESS ? std::string(text) : absl::StrCat("<", simdjson::error_message(error), ">");
}

TEST(JsonObjectTest, ReadsAStringWithItsEscapes) {
  EXPECT_EQ(ValueIn(R"({"v":"a\"\\\/\b\f\n\r\t\u00f1\ud83d\ude00"})"), "a\"\\/\b\f\n\r\t\u00f1\U0001F600");
}

TEST(JsonObjectTest, PassesOverAByteOrderMarkAndWhiteSpace) {
  EXPECT_EQ(ValueIn("\xef\xbb\xbf \r\n\t{ \"v\" : \"a\" }\r\n"), "a");
}

TEST(JsonObjectTest, ReadsUtf16WithAByteOrderMark) {
  std::string utf16 = "\xff\xfe";
  for (char c : std::string(R"({"v":"a"})")) utf16 += {c, '\0'};
  EXPECT_EQ(ValueIn(utf16), "a");
}

TEST(JsonObjectTest, NamesMayRepeatFurtherDown) {
  EXPECT_EQ(ValueIn(R"({"v":"a","x":{"v":"b","y":[{"v":"c"}]}})"), "a");
}

TEST(JsonObjectTest, NamesAreExact) { EXPECT_THAT(ValueIn(R"({"V":"a"," v":"b"})"), HasSubstr("does not exist")); }

TEST(JsonObjectTest, ReadsAStringOfTenMegabytes) {
  const std::string text(10 << 20, 'x');
  EXPECT_EQ(ValueIn(absl::StrCat(R"({"v":")", text, "\"}")), text);
}

TEST(JsonObjectTest, OneAnswerLeavesNothingToTheNext) {
  EXPECT_EQ(ValueIn(R"({"v":"a long value of the first answer"})"), "a long value of the first answer");
  EXPECT_EQ(ValueIn(R"({"v":")"), "<no object>");
  EXPECT_THAT(ValueIn(R"({})"), HasSubstr("does not exist"));
}

TEST(JsonObjectTest, AnythingButOneObjectIsRefusedWithoutItsText) {
  const struct {
    const char* name;
    std::string body;
  } rows[] = {
      {"nothing", ""},
      {"white space", " \r\n"},
      {"a byte order mark", "\xef\xbb\xbf"},
      {"null", "null"},
      {"a string", R"("canary")"},
      {"a number", "201"},
      {"an array", R"([{"v":"canary"}])"},
      {"HTML", "<html><body>canary</body></html>"},
      {"text before it", R"(Warning: canary {"v":"a"})"},
      {"text after it", R"({"v":"a"} canary)"},
      {"two objects", R"({"v":"a"}{"v":"b"})"},
      {"two members of one name", R"({"v":"a","v":"canary"})"},
      {"two members of one name, one of them escaped", R"({"v":"a","\u0076":"canary"})"},
      {"half an object", R"({"v":"cana)"},
      {"no closing brace", R"({"v":"canary")"},
      {"a comma too many", R"({"v":"canary",})"},
      {"a comment", R"({"v":"a"/* canary */})"},
      {"single quotes", "{'v':'canary'}"},
      {"names without quotes", "{v:1}"},
      {"a raw line end in a string", "{\"v\":\"a\nb\"}"},
      {"a NUL in it", std::string("{\"v\":\"a\0b\"}", 11)},
      {"a NUL after it", std::string("{\"v\":\"a\"}\0", 10)},
      {"bytes that are not UTF-8", "{\"v\":\"\xff\"}"},
      {"a surrogate in UTF-8", "{\"v\":\"\xed\xa0\x80\"}"},
      {"an overlong form", "{\"v\":\"\xc0\xaf\"}"},
      {"UTF-16 without a mark", std::string("{\0}\0", 4)},
      {"UTF-16 cut in a character", std::string("\xff\xfe{\0}", 5)},
      {"arrays 100,000 deep", absl::StrCat(R"({"v":)", Repeat(100000, "["), Repeat(100000, "]"), "}")},
      {"objects 100,000 deep", absl::StrCat(Repeat(100000, R"({"v":)"), "1", Repeat(100000, "}"))},
      {"100,000 brackets that open only", Repeat(100000, "[")},
      {"a number too great for any type", R"({"v":1e999})"},
      {"infinity", R"({"v":Infinity})"},
  };
  for (const auto& row : rows) {
    const auto object = JsonObject::Parse(row.body);
    EXPECT_THAT(object, StatusIs(absl::StatusCode::kInvalidArgument, Not(HasSubstr("canary")))) << row.name;
  }
}

TEST(JsonObjectTest, HalfASurrogatePairIsNoString) {
  for (const char* body : {R"({"v":"\ud83d"})", R"({"v":"\ude00"})", R"({"v":"\ud83d\ud83d"})"}) {
    EXPECT_EQ(ValueIn(body), "<no object>") << body;
  }
}

TEST(JsonObjectTest, MembersCanBeWalked) {
  const auto object = JsonObject::Parse(R"({"a":1,"b":null})");
  ASSERT_THAT(object, IsOk());
  std::string names;
  for (const auto& [name, value] : object->members()) names += name;
  EXPECT_EQ(names, "ab");
}

}  // namespace
}  // namespace interaction::upstream
