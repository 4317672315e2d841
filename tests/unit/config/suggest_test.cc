#include "server/config/suggest.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace interaction::config {
namespace {

struct Case {
  const char* name;
  std::string path;
  std::string nearest;
};

class NearestTest : public ::testing::TestWithParam<Case> {};

TEST_P(NearestTest, IsThePathWithFewestLettersBetween) {
  const std::vector<std::string> paths = {"server", "server.listen",     "server.lanes",
                                          "one",    "one.max_deadline",  "one.app_access_key_file",
                                          "three",  "three.max_deadline"};
  EXPECT_EQ(Nearest(GetParam().path, paths), GetParam().nearest);
}

INSTANTIATE_TEST_SUITE_P(Paths, NearestTest,
                         ::testing::ValuesIn(std::vector<Case>{
                             {"LetterMissing", "server.lisen", "server.listen"},
                             {"LetterWrong", "server.lanez", "server.lanes"},
                             {"SectionMisspelt", "sever.listen", "server.listen"},
                             {"DotForgotten", "server_listen", "server.listen"},
                             {"SectionForgotten", "listen", "server.listen"},
                             {"LevelTooMany", "three.upstream.max_deadline", "three.max_deadline"},
                             {"EndForgotten", "one.app_access_key", "one.app_access_key_file"},
                             {"SectionAlone", "serve", "server"},
                             {"NothingNear", "server.colour", ""},
                             {"Empty", "", ""},
                             {"TooLongToBeAMistake", std::string(1000, 'x'), ""},
                         }),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace interaction::config
