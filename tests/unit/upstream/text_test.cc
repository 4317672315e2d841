#include "server/upstream/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/matchers.h"

namespace interaction::upstream {
namespace {

using ::interaction::testing::IsOkAndHolds;
using ::interaction::testing::StatusIs;

// The bytes of a literal, those after a NUL included.
template <size_t size>
std::string Bytes(const char (&literal)[size]) {
  return std::string(literal, size - 1);
}

TEST(ToUtf8Test, Utf8IsLeftWhereItIs) {
  const std::string body = "{\"a\":\"\u00f1\"}";
  std::string storage;
  const auto text = ToUtf8(body, &storage);
  ASSERT_THAT(text, IsOkAndHolds(body));
  EXPECT_EQ(text->data(), body.data());
}

TEST(ToUtf8Test, NothingIsNothing) {
  std::string storage;
  EXPECT_THAT(ToUtf8("", &storage), IsOkAndHolds(""));
}

TEST(ToUtf8Test, AByteOrderMarkIsTakenOff) {
  std::string storage;
  EXPECT_THAT(ToUtf8("\xef\xbb\xbf{}", &storage), IsOkAndHolds("{}"));
}

TEST(ToUtf8Test, Utf16IsConvertedInBothByteOrders) {
  std::string storage;
  EXPECT_THAT(ToUtf8(Bytes("\xff\xfe{\0\xf1\0\x3d\xd8\x00\xde}\0"), &storage), IsOkAndHolds("{\u00f1\U0001F600}"));
  EXPECT_THAT(ToUtf8(Bytes("\xfe\xff\0{\0\xf1\xd8\x3d\xde\x00\0}"), &storage), IsOkAndHolds("{\u00f1\U0001F600}"));
}

TEST(ToUtf8Test, CharactersThatGrowFindRoom) {
  std::string storage;
  EXPECT_THAT(ToUtf8(Bytes("\xff\xfe\xac\x20\xac\x20\xac\x20"), &storage), IsOkAndHolds("\u20ac\u20ac\u20ac"));
}

TEST(ToUtf8Test, AMarkAloneIsNothing) {
  std::string storage;
  EXPECT_THAT(ToUtf8("\xff\xfe", &storage), IsOkAndHolds(""));
}

TEST(ToUtf8Test, BrokenUtf16IsRefused) {
  std::string storage;
  EXPECT_THAT(ToUtf8(Bytes("\xff\xfe{"), &storage), StatusIs(absl::StatusCode::kInvalidArgument)) << "half a unit";
  EXPECT_THAT(ToUtf8(Bytes("\xff\xfe\x3d\xd8"), &storage), StatusIs(absl::StatusCode::kInvalidArgument))
      << "half a pair at the end";
  EXPECT_THAT(ToUtf8(Bytes("\xff\xfe\x3d\xd8{\0"), &storage), StatusIs(absl::StatusCode::kInvalidArgument))
      << "half a pair within";
}

}  // namespace
}  // namespace interaction::upstream
