#include "client/cli/suggest.h"

#include "gtest/gtest.h"

namespace interaction::cli {
namespace {

struct SuggestCase {
  const char* name;
  const char* word;
  const char* expected;
};

class ClosestToTest : public ::testing::TestWithParam<SuggestCase> {};

TEST_P(ClosestToTest, FindsBeginningsAndTypingErrorsOnly) {
  EXPECT_EQ(ClosestTo(GetParam().word, {"create-vsp", "add-wolkvox", "health"}), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    Words, ClosestToTest,
    ::testing::Values(SuggestCase{"Swapped", "create-vps", "create-vsp"}, SuggestCase{"Dropped", "helth", "health"},
                      SuggestCase{"Added", "healthz", "health"}, SuggestCase{"Replaced", "add_wolkvox", "add-wolkvox"},
                      SuggestCase{"Beginning", "add", "add-wolkvox"}, SuggestCase{"Same", "health", "health"},
                      SuggestCase{"SomethingElse", "delete", ""}, SuggestCase{"Empty", "", ""}),
    [](const auto& test) { return test.param.name; });

TEST(DidYouMeanTest, IsTheEndOfASentenceOrNothing) {
  EXPECT_EQ(DidYouMean("helth", {"health"}), "; did you mean 'health'?");
  EXPECT_EQ(DidYouMean("delete", {"health"}), "");
}

}  // namespace
}  // namespace interaction::cli
