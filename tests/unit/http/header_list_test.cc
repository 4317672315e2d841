#include "server/http/header_list.h"

#include <curl/curl.h>

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace interaction::http {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> Lines(const HeaderList& list) {
  std::vector<std::string> lines;
  for (const curl_slist* node = list.get(); node != nullptr; node = node->next) lines.emplace_back(node->data);
  return lines;
}

TEST(HeaderListTest, WritesNamesAndValues) {
  HeaderList list;
  EXPECT_TRUE(list.Assign({.headers = {{"Accept", "application/json"}, {"X-Token", "a:b c"}}}));
  EXPECT_THAT(Lines(list), ElementsAre("Accept: application/json", "X-Token: a:b c"));
}

TEST(HeaderListTest, ForgetsTheListBefore) {
  HeaderList list;
  ASSERT_TRUE(list.Assign({.headers = {{"A", "1"}, {"B", "2"}, {"C", "3"}}}));
  ASSERT_TRUE(list.Assign({.headers = {{"D", "4"}}}));
  EXPECT_THAT(Lines(list), ElementsAre("D: 4"));
  ASSERT_TRUE(list.Assign({}));
  EXPECT_THAT(Lines(list), IsEmpty());
}

TEST(HeaderListTest, SendsAnEmptyValueInsteadOfRemovingTheHeader) {
  HeaderList list;
  EXPECT_TRUE(list.Assign({.headers = {{"X-Empty", ""}}}));
  EXPECT_THAT(Lines(list), ElementsAre("X-Empty;"));
}

TEST(HeaderListTest, RemovesExpectFromALargeRequest) {
  HeaderList list;
  EXPECT_TRUE(list.Assign({.headers = {{"A", "1"}}, .body = std::string(2 << 20, 'x')}));
  EXPECT_THAT(Lines(list), ElementsAre("A: 1", "Expect:"));
}

struct BadHeader {
  const char* name;
  Header header;
};

class BadHeaderTest : public ::testing::TestWithParam<BadHeader> {};

TEST_P(BadHeaderTest, IsRefused) {
  HeaderList list;
  EXPECT_FALSE(list.Assign({.headers = {{"Accept", "*/*"}, GetParam().header}}));
  EXPECT_THAT(Lines(list), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Headers, BadHeaderTest,
                         ::testing::Values(BadHeader{"CrLfInValue", {"X-Token", "t\r\nX-Injected: 1"}},
                                           BadHeader{"LfInValue", {"X-Token", "t\nX-Injected: 1"}},
                                           BadHeader{"CrInValue", {"X-Token", "t\rX"}},
                                           BadHeader{"NulInValue", {"X-Token", std::string("t\0x", 3)}},
                                           BadHeader{"LfInName", {"X-Token\nX", "t"}},
                                           BadHeader{"ColonInName", {"X:Y", "t"}},
                                           BadHeader{"BlankInName", {"X Y", "t"}},
                                           BadHeader{"SemicolonInName", {"X;", "t"}},
                                           BadHeader{"EmptyName", {"", "t"}}),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace interaction::http
