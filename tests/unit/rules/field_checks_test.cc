#include "rules/field_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace interaction::rules {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Charset = FieldChecks::Charset;

constexpr char kGuid[] = "6925ebd4-125d-4338-a736-99f4b5bcb3d7";
const std::string kNul(1, '\0');

// For the checks that put a text into canonical form: what came of `text`.
std::string Guid(FieldChecks* checks, std::string text) {
  checks->Guid("account_id", &text);
  return text;
}

std::string RequestId(FieldChecks* checks, std::string text) {
  checks->RequestId(&text);
  return text;
}

// `count` characters that take four bytes each.
std::string Emoji(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += "\U0001F600";
  return text;
}

std::vector<std::string> FieldsOf(const FieldChecks& checks) {
  std::vector<std::string> fields;
  for (const FieldViolation& violation : checks.violations()) fields.push_back(violation.field);
  return fields;
}

TEST(FieldChecksTest, NothingWrongIsNoViolation) { EXPECT_THAT(FieldChecks().violations(), IsEmpty()); }

TEST(FieldChecksTest, AViolationNamesTheField) {
  FieldChecks checks;
  checks.Add("sender", "must not be empty");
  EXPECT_THAT(checks.violations(), ElementsAre(FieldViolation{"sender", "must not be empty"}));
}

TEST(FieldChecksTest, AllViolationsAreReportedAtOnceInOrder) {
  FieldChecks checks;
  checks.Required("sender", "");
  checks.Required("recipient", "someone");
  checks.Required("interaction_name", " ");
  Guid(&checks, "x");
  checks.Credential("wolkvox_token", "a b");
  RequestId(&checks, "x");
  checks.Optional("subject", std::string(1025, 'x'));
  EXPECT_THAT(FieldsOf(checks),
              ElementsAre("sender", "interaction_name", "account_id", "wolkvox_token", "request_id", "subject"));
}

TEST(FieldChecksTest, AFieldThatBreaksSeveralRulesIsNamedOnce) {
  FieldChecks checks(Charset::kXml10);
  checks.Required("interaction_name", absl::StrCat(std::string(1025, ' '), "\x01"));
  checks.Credential("app_access_key", std::string(600, ' '));
  EXPECT_THAT(FieldsOf(checks), ElementsAre("interaction_name", "app_access_key"));
}

TEST(FieldChecksTest, DescriptionsSayWhatIsRightAndDoNotRepeatTheValue) {
  const std::string value = "canary\x01 ";
  FieldChecks checks(Charset::kXml10);
  checks.Optional("subject", value);
  Guid(&checks, value);
  checks.Credential("wolkvox_token", value);
  RequestId(&checks, value);
  const auto violations = checks.violations();
  ASSERT_EQ(violations.size(), 4u);
  EXPECT_THAT(violations, Each(Field("description", &FieldViolation::description,
                                     AllOf(Not(IsEmpty()), Not(HasSubstr("canary"))))));
}

// One text and whether a check lets it pass.
struct Row {
  const char* name;
  std::string text;
  bool fine;
};

TEST(FieldChecksTest, OptionalTakesAnythingUpToTheLimitInCodePoints) {
  const std::vector<Row> rows = {
      {"nothing", "", true},
      {"blanks", "  ", true},
      {"control characters", absl::StrCat("\x01\x1f\r\n", kNul), true},
      {"1,024 ASCII characters", std::string(1024, 'x'), true},
      {"1,025 ASCII characters", std::string(1025, 'x'), false},
      {"1,024 characters of four bytes", Emoji(1024), true},
      {"1,025 characters of four bytes", Emoji(1025), false},
  };
  for (const Row& row : rows) {
    FieldChecks checks;
    checks.Optional("subject", row.text);
    EXPECT_EQ(checks.violations().empty(), row.fine) << row.name;
  }
}

TEST(FieldChecksTest, ABodyHasALimitOfItsOwn) {
  const std::vector<Row> rows = {
      {"32,768 ASCII characters", std::string(32768, 'x'), true},
      {"32,769 ASCII characters", std::string(32769, 'x'), false},
      {"32,768 characters of four bytes", Emoji(32768), true},
      {"32,769 characters of four bytes", Emoji(32769), false},
  };
  for (const Row& row : rows) {
    FieldChecks checks;
    checks.Optional("body", row.text, kMaxBody);
    EXPECT_EQ(checks.violations().empty(), row.fine) << row.name;
  }
}

TEST(FieldChecksTest, RequiredRefusesNothingWhiteSpaceOfAllScriptsAndTooMuch) {
  const std::vector<Row> rows = {
      {"nothing", "", false},
      {"blanks", "  ", false},
      {"a tab", "\t", false},
      {"tab, line ends and their like", "\t\n\v\f\r", false},
      {"next line, U+0085", "\u0085", false},
      {"no-break space, U+00A0", "\u00a0", false},
      {"ogham space, U+1680", "\u1680", false},
      {"en quad to hair space, U+2000 to U+200A", "\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a",
       false},
      {"line and paragraph separator", "\u2028\u2029", false},
      {"narrow no-break and mathematical space", "\u202f\u205f", false},
      {"ideographic space, U+3000", " \u3000 ", false},
      {"a character among blanks", " x ", true},
      {"zero width space, U+200B, which is no white space", "\u200b", true},
      {"zero width no-break space, U+FEFF, likewise", "\ufeff", true},
      {"mongolian vowel separator, U+180E, likewise", "\u180e", true},
      {"NUL", kNul, true},
      {"a letter of two bytes", "\u00f1", true},
      {"an emoji", "\U0001F600", true},
      {"1,024 characters of four bytes", Emoji(1024), true},
      {"1,025 characters of four bytes", Emoji(1025), false},
      {"1,025 characters", std::string(1025, 'x'), false},
  };
  for (const Row& row : rows) {
    FieldChecks checks;
    checks.Required("interaction_name", row.text);
    EXPECT_EQ(checks.violations().empty(), row.fine) << row.name;
  }
}

TEST(FieldChecksTest, GuidTakesTheSpellingsOfTheUpstreamAndNoNilAndLeavesOneSpelling) {
  const std::vector<Row> rows = {
      {"canonical", kGuid, true},
      {"braces, upper case", "{6925EBD4-125D-4338-A736-99F4B5BCB3D7}", true},
      {"nothing", "", false},
      {"urn", absl::StrCat("urn:uuid:", kGuid), false},
      {"nil", "00000000-0000-0000-0000-000000000000", false},
      {"a megabyte", std::string(1 << 20, '0'), false},
  };
  for (const Row& row : rows) {
    FieldChecks checks;
    EXPECT_EQ(Guid(&checks, row.text), row.fine ? kGuid : row.text) << row.name;
    EXPECT_EQ(checks.violations().empty(), row.fine) << row.name;
  }
}

TEST(FieldChecksTest, CredentialTakesPrintableAsciiWithoutBlanks) {
  const std::vector<Row> rows = {
      {"nothing", "", false},
      {"a character", "k", true},
      {"the first and the last of the range", "!~", true},
      {"512 characters", std::string(512, 'k'), true},
      {"513 characters", std::string(513, 'k'), false},
      {"a blank within", "a b", false},
      {"a blank at the end", "key ", false},
      {"a tab", "a\tb", false},
      {"CR", "key\rX-Other: 1", false},
      {"LF", "key\nX-Other: 1", false},
      {"CR LF at the end", "key\r\n", false},
      {"NUL", absl::StrCat("key", kNul), false},
      {"escape, 0x1b", "\x1b[31m", false},
      {"delete, 0x7f", "key\x7f", false},
      {"a letter beyond ASCII", "cl\u00e9", false},
      {"no-break space", "a\u00a0b", false},
  };
  for (const Row& row : rows) {
    FieldChecks checks;
    checks.Credential("wolkvox_token", row.text);
    EXPECT_EQ(checks.violations().empty(), row.fine) << row.name;
  }
}

TEST(FieldChecksTest, RequestIdIsAUuidAndLeftInLowerCase) {
  const std::vector<Row> rows = {
      {"nothing", "", false},
      {"canonical", kGuid, true},
      {"upper case", "6925EBD4-125D-4338-A736-99F4B5BCB3D7", true},
      {"no dashes", "6925ebd4125d4338a73699f4b5bcb3d7", false},
      {"braces", absl::StrCat("{", kGuid, "}"), false},
      {"blanks around", absl::StrCat(" ", kGuid), false},
      {"a word", "first-try", false},
  };
  for (const Row& row : rows) {
    FieldChecks checks;
    EXPECT_EQ(RequestId(&checks, row.text), row.fine ? kGuid : row.text) << row.name;
    EXPECT_EQ(checks.violations().empty(), row.fine) << row.name;
  }
}

TEST(FieldChecksTest, ARequestIdIsNamedAsInTheProto) {
  FieldChecks checks;
  RequestId(&checks, "first-try");
  EXPECT_THAT(FieldsOf(checks), ElementsAre("request_id"));
}

// XML 1.0, section 2.2: what a document cannot hold, not even escaped.
TEST(FieldChecksTest, WhatXmlCannotCarryIsRefusedForXmlOnly) {
  const std::vector<Row> rows = {
      {"tab, CR and LF", "a\tb\r\nc", true},
      {"delete, 0x7f", "\x7f", true},
      {"next line, U+0085", "\u0085", true},
      {"the last before the surrogates, U+D7FF", "\ud7ff", true},
      {"the first after them, U+E000", "\ue000", true},
      {"replacement character, U+FFFD", "\ufffd", true},
      {"emoji", "\U0001F600", true},
      {"the last of all, U+10FFFF", "\U0010FFFF", true},
      {"NUL", absl::StrCat("a", kNul), false},
      {"0x01", "\x01", false},
      {"backspace", "\b", false},
      {"vertical tab", "\v", false},
      {"form feed", "\f", false},
      {"escape, 0x1b", "\x1b", false},
      {"unit separator, 0x1f", "a\x1f", false},
      {"U+FFFE", "\ufffe", false},
      {"U+FFFF", "a\uffff", false},
  };
  for (const Row& row : rows) {
    FieldChecks any(Charset::kAny), xml(Charset::kXml10);
    any.Optional("subject", row.text);
    xml.Optional("subject", row.text);
    EXPECT_TRUE(any.violations().empty()) << row.name;
    EXPECT_EQ(xml.violations().empty(), row.fine) << row.name;
  }
}

TEST(CountCodePointsTest, CountsCharactersNotBytes) {
  EXPECT_EQ(CountCodePoints(""), 0);
  EXPECT_EQ(CountCodePoints("abc"), 3);
  EXPECT_EQ(CountCodePoints("\u00f1\u20ac\U0001F600"), 3);
  EXPECT_EQ(CountCodePoints("e\u0301"), 2);  // a letter and a combining accent
  EXPECT_EQ(CountCodePoints(kNul), 1);
}

}  // namespace
}  // namespace interaction::rules
