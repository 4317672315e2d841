#include "server/base/secret.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/strings/string_view.h"

namespace interaction {
namespace {

template <typename T>
concept Streamable = requires(std::ostream& out, const T& value) {
  out << value;
};

template <typename T>
concept Stringifiable = requires(const T& value) {
  std::string(value);
};

TEST(SecretTest, IsSeenOnlyWhenRevealed) {
  EXPECT_FALSE(Streamable<Secret>);
  EXPECT_FALSE(Stringifiable<Secret>);
  EXPECT_FALSE((std::is_convertible_v<Secret, std::string>));
  EXPECT_FALSE((std::is_convertible_v<Secret, absl::string_view>));
  EXPECT_EQ(Secret("key").Reveal(), "key");
}

TEST(SecretTest, IsNotMadeOfAStringByAccident) { EXPECT_FALSE((std::is_convertible_v<std::string, Secret>)); }

TEST(SecretTest, IsEmptyUntilItHoldsSomething) {
  EXPECT_TRUE(Secret().empty());
  EXPECT_TRUE(Secret("").empty());
  EXPECT_FALSE(Secret("k").empty());
}

TEST(SecretTest, KeepsEveryByte) {
  const std::string bytes("a\0\r\n\xff", 5);
  EXPECT_EQ(Secret(bytes).Reveal(), bytes);
}

TEST(SecretTest, IsCopiedWhole) {
  const Secret first("key");
  Secret second("a longer one that is replaced");
  second = first;
  const Secret third(first);
  EXPECT_EQ(first.Reveal(), "key");
  EXPECT_EQ(second.Reveal(), "key");
  EXPECT_EQ(third.Reveal(), "key");
}

TEST(SecretTest, LeavesNothingWhereItWasMovedFrom) {
  Secret first("key");
  Secret second(std::move(first));
  EXPECT_EQ(second.Reveal(), "key");
  EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move): this is the claim
  Secret third;
  third = std::move(second);
  EXPECT_EQ(third.Reveal(), "key");
  EXPECT_TRUE(second.empty());  // NOLINT(bugprone-use-after-move)
}

TEST(SecretTest, SurvivesBeingAssignedToItself) {
  Secret secret("key");
  Secret& alias = secret;
  secret = alias;
  EXPECT_EQ(secret.Reveal(), "key");
  secret = std::move(alias);
  EXPECT_EQ(secret.Reveal(), "key");
}

TEST(SecretTest, WipesItsMemoryWhenItIsReplaced) {
  // Within the object as much as on the heap: the view points at memory that the secret still owns afterwards.
  Secret secret("0123456789");
  const absl::string_view memory = secret.Reveal();
  secret = Secret();
  EXPECT_THAT(memory, ::testing::Not(::testing::HasSubstr("0123")));
}

}  // namespace
}  // namespace interaction
