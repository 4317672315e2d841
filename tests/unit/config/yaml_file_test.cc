#include "server/config/yaml_file.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/matchers.h"
#include "tests/unit/config/temp_folder.h"

namespace interaction::config {
namespace {

using ::interaction::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::FieldsAre;
using ::testing::IsEmpty;

class YamlFileTest : public ::testing::Test {
 protected:
  // Reads the text as config.yaml; the problems are in problems_, the settings are returned.
  std::vector<Setting> Read(absl::string_view text) {
    std::vector<Setting> settings;
    ReadYamlFile(folder_.Write("config.yaml", text), KeyIndex(sections_), &settings, &problems_);
    for (Setting& setting : settings) absl::StrReplaceAll({{folder_.Path(""), ""}}, &setting.origin);
    return settings;
  }

  const std::vector<Section> sections_ = Sections();
  TempFolder folder_;
  Problems problems_;
};

TEST_F(YamlFileTest, EveryValueComesWithItsLine) {
  EXPECT_THAT(Read("server:\n"
                   "  listen: 0.0.0.0:1\n"
                   "  lanes: 2\n"
                   "\n"
                   "wolkvox:\n"
                   "  allowed_servers: [0042, \"0100\"]\n"
                   "  token_files:\n"
                   "    0042: /a\n"
                   "    \"\": /b\n"),
              ElementsAre(FieldsAre("server.listen", "config.yaml:2", ElementsAre("0.0.0.0:1")),
                          FieldsAre("server.lanes", "config.yaml:3", ElementsAre("2")),
                          FieldsAre("wolkvox.allowed_servers", "config.yaml:6", ElementsAre("0042", "0100")),
                          FieldsAre("wolkvox.token_files.0042", "config.yaml:8", ElementsAre("/a")),
                          FieldsAre("wolkvox.token_files.", "config.yaml:9", ElementsAre("/b"))));
  EXPECT_THAT(problems_.ToStatus(), IsOk());
}

TEST_F(YamlFileTest, ADottedKeyAtTheTopIsThePathItSpells) {
  EXPECT_THAT(Read("server.lanes: 2\n"), ElementsAre(FieldsAre("server.lanes", "config.yaml:1", ElementsAre("2"))));
  EXPECT_THAT(problems_.ToStatus(), IsOk());
}

TEST_F(YamlFileTest, AnEmptyFileOrSectionOrMapSetsNothing) {
  EXPECT_THAT(Read(""), IsEmpty());
  EXPECT_THAT(Read("# nothing\n"), IsEmpty());
  EXPECT_THAT(Read("server:\n  # lanes: 2\nwolkvox:\n  token_files:\n"), IsEmpty());
  EXPECT_THAT(problems_.ToStatus(), IsOk());
}

TEST_F(YamlFileTest, AFileThatIsMissingIsOneClearLine) {
  std::vector<Setting> settings;
  ReadYamlFile(folder_.Path("none.yaml"), KeyIndex(sections_), &settings, &problems_);
  EXPECT_THAT(folder_.Lines(problems_.ToStatus()),
              ElementsAre(R"("none.yaml" cannot be read: No such file or directory)"));
}

struct Case {
  const char* name;
  std::string yaml;
  std::vector<std::string> lines;
};

class YamlProblemTest : public YamlFileTest, public ::testing::WithParamInterface<Case> {};

TEST_P(YamlProblemTest, IsReportedWithItsPlace) {
  Read(GetParam().yaml);
  EXPECT_THAT(folder_.Lines(problems_.ToStatus()), ElementsAreArray(GetParam().lines));
}

INSTANTIATE_TEST_SUITE_P(
    Files, YamlProblemTest,
    ::testing::ValuesIn(std::vector<Case>{
        {"Syntax",
         "server:\n  listen: [a\n",
         {R"(config.yaml:3:1: end of sequence flow not found; quote a value that begins with [, as in listen: )"
          R"("[::]:50051")"}},
        {"AddressThatLooksLikeAList",
         "server:\n  listen: [::]:50051\n",
         {R"(config.yaml:2:15: end of map not found; quote a value that begins with [, as in listen: "[::]:50051")"}},
        {"StarThatLooksLikeAnAlias",
         "egress:\n  no_proxy: *\n",
         {R"(config.yaml:2:14: alias not found after *; quote a value that begins with *, as in listen: )"
          R"("[::]:50051")"}},
        {"Tab", "server:\n\tlanes: 1\n", {"config.yaml:2:7: illegal map value"}},
        {"NotAMap", "- a\n", {"config.yaml:1: is a list, not sections of keys"}},
        {"BareText", "hello\n", {"config.yaml:1: is a text, not sections of keys"}},
        {"TwoDocuments", "server:\n---\nserver:\n", {"config.yaml: contains more than one YAML document"}},
        {"UnknownKey",
         "server:\n  lisen: a\n",
         {"config.yaml:2: server.lisen: is not a key; did you mean server.listen?"}},
        {"UnknownKeyFarFromAll", "server:\n  colour: a\n", {"config.yaml:2: server.colour: is not a key"}},
        {"UnknownSection", "sever:\n  listen: a\n", {"config.yaml:1: sever: is not a key; did you mean server?"}},
        {"SecretInTheFile",
         "seethepro:\n  app_access_key: s3cret\n",
         {"config.yaml:2: seethepro.app_access_key: is not a key; did you mean seethepro.app_access_key_file?"}},
        {"KeyTwice",
         "server:\n  lanes: 1\n  lanes: 1\n",
         {"config.yaml:3: server.lanes: is given twice; the first is at config.yaml:2"}},
        {"SectionTwice",
         "server:\n  lanes: 1\nserver:\n  listen: a\n",
         {"config.yaml:3: server: is given twice; the first is at config.yaml:1"}},
        {"DottedKeyTwice",
         "server.lanes: 1\nserver:\n  lanes: 1\n",
         {"config.yaml:3: server.lanes: is given twice; the first is at config.yaml:1"}},
        {"MapEntryTwice",
         "wolkvox:\n  token_files: {a: /x, a: /y}\n",
         {"config.yaml:2: wolkvox.token_files.a: is given twice; the first is at config.yaml:2"}},
        {"NoValue",
         "server:\n  lanes:\n",
         {"config.yaml:2: server.lanes: is empty, not a whole number from 0 to 1024"}},
        {"MapForText",
         "log:\n  level: {a: b}\n",
         {"config.yaml:2: log.level: is a map, not one of debug, info, warning, error"}},
        {"ListForText",
         "log:\n  level: [info]\n",
         {"config.yaml:2: log.level: is a list, not one of debug, info, warning, error"}},
        {"TextForSection", "log: info\n", {"config.yaml:1: log: is a text, not a section of keys"}},
        {"TextForList",
         "wolkvox:\n  allowed_servers: 0042\n",
         {"config.yaml:2: wolkvox.allowed_servers: is a text, not a list of names of servers"}},
        {"MapInList",
         "wolkvox:\n  allowed_servers:\n    - a\n    - {b: c}\n",
         {"config.yaml:4: wolkvox.allowed_servers: is a map, not a text"}},
        {"TextForMap",
         "wolkvox:\n  token_files: /a\n",
         {"config.yaml:2: wolkvox.token_files: is a text, not a map of files by the name of the server"}},
        {"ListInMap",
         "wolkvox:\n  token_files:\n    a: [/x]\n",
         {"config.yaml:3: wolkvox.token_files.a: is a list, not a text"}},
        {"ListAsKey", "server:\n  [a]: b\n", {"config.yaml:2: server: has an entry whose name is not a plain text"}},
        {"UnknownAnchor",
         "server: *none\n",
         {R"(config.yaml:1:9: the referenced anchor is not defined; quote a value that begins with *, as in listen: )"
          R"("[::]:50051")"}},
    }),
    [](const auto& test) { return std::string(test.param.name); });

TEST_F(YamlFileTest, AliasesThatMultiplyAreNotWalked) {
  std::string bomb = "a0: &a0 [x, x]\n";
  for (int i = 1; i < 30; ++i) absl::StrAppend(&bomb, "a", i, ": &a", i, " [*a", i - 1, ", *a", i - 1, "]\n");
  EXPECT_THAT(Read(bomb), IsEmpty());
  EXPECT_THAT(folder_.Lines(problems_.ToStatus()), ::testing::SizeIs(30));
}

TEST_F(YamlFileTest, DeepNestingIsAnErrorAndNoCrash) {
  EXPECT_THAT(Read(std::string(100000, '[')), IsEmpty());
  EXPECT_FALSE(problems_.ToStatus().ok());
}

}  // namespace
}  // namespace interaction::config
