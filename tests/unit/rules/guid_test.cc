#include "rules/guid.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/support/matchers.h"

namespace interaction {
namespace {

using ::interaction::testing::IsOkAndHolds;
using ::interaction::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::TestWithParam;
using ::testing::ValuesIn;

constexpr char kCanonical[] = "6925ebd4-125d-4338-a736-99f4b5bcb3d7";

struct Spelling {
  const char* name;
  std::string text;
};

std::string NameOf(const ::testing::TestParamInfo<Spelling>& info) { return info.param.name; }

class AcceptedGuidTest : public TestWithParam<Spelling> {};

TEST_P(AcceptedGuidTest, ReadsAsTheCanonicalForm) {
  EXPECT_THAT(CanonicalGuid(GetParam().text), IsOkAndHolds(kCanonical));
}

INSTANTIATE_TEST_SUITE_P(Guid, AcceptedGuidTest,
                         ValuesIn<Spelling>({
                             {"Dashed", "6925ebd4-125d-4338-a736-99f4b5bcb3d7"},
                             {"Plain", "6925ebd4125d4338a73699f4b5bcb3d7"},
                             {"InBraces", "{6925ebd4-125d-4338-a736-99f4b5bcb3d7}"},
                             {"InParentheses", "(6925ebd4-125d-4338-a736-99f4b5bcb3d7)"},
                             {"DashedUpperCase", "6925EBD4-125D-4338-A736-99F4B5BCB3D7"},
                             {"PlainUpperCase", "6925EBD4125D4338A73699F4B5BCB3D7"},
                             {"BothCases", "6925EBD4-125d-4338-a736-99F4b5bcB3D7"},
                             {"BlankBefore", " 6925ebd4-125d-4338-a736-99f4b5bcb3d7"},
                             {"BlanksAfter", "6925ebd4-125d-4338-a736-99f4b5bcb3d7  "},
                             {"LineEndAfter", "6925ebd4-125d-4338-a736-99f4b5bcb3d7\r\n"},
                             {"TabsAroundPlain", "\t6925ebd4125d4338a73699f4b5bcb3d7\t"},
                             {"BlanksAroundBraces", " {6925EBD4-125D-4338-A736-99F4B5BCB3D7} "},
                         }),
                         NameOf);

class RefusedGuidTest : public TestWithParam<Spelling> {};

TEST_P(RefusedGuidTest, IsAnInvalidArgument) {
  EXPECT_THAT(CanonicalGuid(GetParam().text), StatusIs(absl::StatusCode::kInvalidArgument));
}

INSTANTIATE_TEST_SUITE_P(Guid, RefusedGuidTest,
                         ValuesIn<Spelling>({
                             {"Nothing", ""},
                             {"Blanks", "   "},
                             {"AWord", "account"},
                             {"Urn", "urn:uuid:6925ebd4-125d-4338-a736-99f4b5bcb3d7"},
                             {"PlainInBraces", "{6925ebd4125d4338a73699f4b5bcb3d7}"},
                             {"PlainInParentheses", "(6925ebd4125d4338a73699f4b5bcb3d7)"},
                             {"BraceOpenOnly", "{6925ebd4-125d-4338-a736-99f4b5bcb3d7"},
                             {"BraceCloseOnly", "6925ebd4-125d-4338-a736-99f4b5bcb3d7}"},
                             {"ParenthesisOpenOnly", "(6925ebd4-125d-4338-a736-99f4b5bcb3d7"},
                             {"BraceAndParenthesis", "{6925ebd4-125d-4338-a736-99f4b5bcb3d7)"},
                             {"BracesTwice", "{{6925ebd4-125d-4338-a736-99f4b5bcb3d7}}"},
                             {"SquareBrackets", "[6925ebd4-125d-4338-a736-99f4b5bcb3d7]"},
                             {"ADigitShort", "6925ebd4-125d-4338-a736-99f4b5bcb3d"},
                             {"ADigitLong", "6925ebd4-125d-4338-a736-99f4b5bcb3d70"},
                             {"PlainADigitShort", "6925ebd4125d4338a73699f4b5bcb3d"},
                             {"PlainADigitLong", "6925ebd4125d4338a73699f4b5bcb3d70"},
                             {"NoHexadecimalDigit", "6925ebd4-125d-4338-a736-99f4b5bcb3dg"},
                             {"ADashMissing", "6925ebd4-125d-4338-a73699f4b5bcb3d7"},
                             {"ADashMoved", "6925ebd-4125d-4338-a736-99f4b5bcb3d7"},
                             {"ADashMore", "6925ebd4-125d-4338-a736-99f4-b5bcb3d7"},
                             {"DashesOfAnotherKind", "6925ebd4\u2013125d\u20134338\u2013a736\u201399f4b5bcb3d7"},
                             {"ABlankWithin", "6925ebd4-125d-4338-a736 99f4b5bcb3d7"},
                             {"SignInsteadOfADigit", "+925ebd4-125d-4338-a736-99f4b5bcb3d7"},
                             {"PrefixOfHexadecimal", "0x25ebd4-125d-4338-a736-99f4b5bcb3d7"},
                             {"DigitsOfAnotherScript", "\uff16925ebd4-125d-4338-a736-99f4b5bcb3d7"},
                             {"Nul", absl::StrCat(kCanonical, std::string(1, '\0'))},
                             {"TwoGuids", absl::StrCat(kCanonical, kCanonical)},
                             {"Nil", "00000000-0000-0000-0000-000000000000"},
                             {"NilPlain", "00000000000000000000000000000000"},
                             {"NilInBraces", " {00000000-0000-0000-0000-000000000000} "},
                         }),
                         NameOf);

TEST(CanonicalGuidTest, DoesNotRepeatTheValueInItsMessage) {
  EXPECT_THAT(CanonicalGuid("my-secret-account"),
              StatusIs(absl::StatusCode::kInvalidArgument, Not(HasSubstr("secret"))));
}

TEST(CanonicalUuidTest, HasADashOrAHexadecimalDigitAtEachPlaceAndNothingElse) {
  const std::string digits = "0123456789abcdefABCDEF";
  for (size_t place = 0; place < sizeof(kCanonical) - 1; ++place) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string text = kCanonical;
      const bool is_dash = text[place] == '-';
      text[place] = static_cast<char>(byte);
      const bool fits = is_dash ? text[place] == '-' : absl::StrContains(digits, text[place]);
      ASSERT_EQ(CanonicalUuid(text).ok(), fits) << "byte " << byte << " at " << place;
    }
  }
}

TEST(CanonicalUuidTest, ReadsThe36CharactersInEitherCaseOfAnyVersion) {
  EXPECT_THAT(CanonicalUuid(kCanonical), IsOkAndHolds(kCanonical));
  EXPECT_THAT(CanonicalUuid("6925EBD4-125D-4338-A736-99F4B5BCB3D7"), IsOkAndHolds(kCanonical));
  EXPECT_THAT(CanonicalUuid("017f22e2-79b0-7cc3-98c4-dc0c0c07398f"),
              IsOkAndHolds("017f22e2-79b0-7cc3-98c4-dc0c0c07398f"));
}

class RefusedUuidTest : public TestWithParam<Spelling> {};

TEST_P(RefusedUuidTest, IsAnInvalidArgument) {
  EXPECT_THAT(CanonicalUuid(GetParam().text), StatusIs(absl::StatusCode::kInvalidArgument));
}

INSTANTIATE_TEST_SUITE_P(Uuid, RefusedUuidTest,
                         ValuesIn<Spelling>({
                             {"Nothing", ""},
                             {"Plain", "6925ebd4125d4338a73699f4b5bcb3d7"},
                             {"InBraces", "{6925ebd4-125d-4338-a736-99f4b5bcb3d7}"},
                             {"Urn", "urn:uuid:6925ebd4-125d-4338-a736-99f4b5bcb3d7"},
                             {"BlankBefore", " 6925ebd4-125d-4338-a736-99f4b5bcb3d7"},
                             {"BlankAfter", "6925ebd4-125d-4338-a736-99f4b5bcb3d7 "},
                             {"ADigitShort", "6925ebd4-125d-4338-a736-99f4b5bcb3d"},
                             {"ADashMoved", "6925ebd-4125d-4338-a736-99f4b5bcb3d7"},
                             {"NoHexadecimalDigit", "6925ebd4-125d-4338-a736-99f4b5bcb3dx"},
                         }),
                         NameOf);

}  // namespace
}  // namespace interaction
