#include "server/base/json_text.h"

#include <nlohmann/json.hpp>
#include <random>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace interaction {
namespace {

std::string Escaped(absl::string_view text) {
  std::string escaped;
  AppendJsonText(text, &escaped);
  return escaped;
}

TEST(JsonTextTest, EscapesWhatJsonDemandsAndLineBreaksOfJavaScript) {
  EXPECT_EQ(Escaped("a\"b\\c\b\f\n\r\t\x01"), R"(a\"b\\c\b\f\n\r\t\u0001)");
  EXPECT_EQ(Escaped("\u2028 \u2029 \u20ac"), "\\u2028 \\u2029 \u20ac");
}

TEST(JsonTextTest, AnotherParserReadsBackWhatIsWritten) {
  std::mt19937 random(7);
  for (int i = 0; i < 2000; ++i) {
    std::string text(random() % 40, ' ');
    for (char& c : text) c = static_cast<char>(random() % 128);
    ASSERT_EQ(nlohmann::json::parse("\"" + Escaped(text) + "\"").get<std::string>(), text);
  }
}

TEST(IsPlainJsonTextTest, IsSoExactlyForAsciiThatNeedsNoEscape) {
  for (int c = 0; c < 256; ++c) {
    const bool is_plain = c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
    for (const size_t length : {11, 16, 40}) {
      for (size_t at = 0; at < length; ++at) {
        std::string text(length, 'x');
        text[at] = static_cast<char>(c);
        ASSERT_EQ(IsPlainJsonText(text), is_plain) << c << " at " << at << " of " << length;
      }
    }
  }
  EXPECT_TRUE(IsPlainJsonText(""));
}

}  // namespace
}  // namespace interaction
