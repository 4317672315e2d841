#include "server/config/callers.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/matchers.h"
#include "tests/support/temp_dir.h"

namespace interaction::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class CallersTest : public ::testing::Test {
 protected:
  // The problems with a file of this content, without its path.
  template <typename Read>
  std::string ProblemsWith(Read read, const std::string& content) {
    const std::string file = dir_.Write("file.yaml", content);
    Problems problems;
    read(file, &problems);
    return absl::StrReplaceAll(std::string(problems.ToStatus().message()), {{file, "file.yaml"}});
  }
  std::string PolicyProblems(const std::string& content) { return ProblemsWith(ReadPolicy, content); }
  std::string KeyProblems(const std::string& content) { return ProblemsWith(ReadApiKeys, content); }

  testing::TempDir dir_;
};

// A policy with one rule; `more`: its lines from the third on.
std::string PolicyOf(const std::string& more) { return absl::StrCat("callers:\n  - name: billing\n", more); }

TEST_F(CallersTest, ReadsAPolicy) {
  Problems problems;
  const auto rules = ReadPolicy(dir_.Write("policy.yaml", R"(callers:
  - name: billing
    identities: [ "certificate:spiffe://example.org/billing/*", "token:billing" ]
    rpcs: [CreateVspInteraction, AddWolkvoxInteraction]
    wolkvox_servers: ["0042", WV7]
    calls_per_second: 2.5
  - name: sales
    identities: ["api_key:sales"]
    rpcs: [CreateVspInteraction]
    calls_per_second: 10
    burst: 40
)"),
                                &problems);
  EXPECT_THAT(problems.ToStatus(), testing::IsOk());
  ASSERT_THAT(rules, SizeIs(2));
  EXPECT_EQ(rules[0].name, "billing");
  EXPECT_THAT(rules[0].identities, ElementsAre("certificate:spiffe://example.org/billing/*", "token:billing"));
  EXPECT_THAT(rules[0].rpcs, ElementsAre("CreateVspInteraction", "AddWolkvoxInteraction"));
  EXPECT_THAT(rules[0].servers, ElementsAre("0042", "7")) << "as requests name them";
  EXPECT_EQ(rules[0].calls_per_second, 2.5);
  EXPECT_EQ(rules[0].burst, 2) << "a second's worth";
  EXPECT_THAT(rules[0].origin, HasSubstr("policy.yaml:2"));
  EXPECT_EQ(rules[1].burst, 40);
}

TEST_F(CallersTest, NamesEachMistakeOfAPolicyWithItsLine) {
  EXPECT_EQ(PolicyProblems(PolicyOf("    identities: [\"billing\"]\n    rpcs: [CreateVsp]\n")),
            "file.yaml:2: callers.identities: \"billing\" is not certificate:NAME, token:SUBJECT, api_key:NAME or "
            "admin:try-it\n"
            "file.yaml:2: callers.rpcs: \"CreateVsp\" is not one of CreateVspInteraction, AddWolkvoxInteraction");
  const std::string rest = "    identities: [\"token:a\"]\n    rpcs: [CreateVspInteraction]\n";
  EXPECT_EQ(PolicyProblems(PolicyOf(rest + "    wolkvox_servers: [\"a.b\"]\n")),
            "file.yaml:2: callers.wolkvox_servers: \"a.b\" is not the name of a server");
  EXPECT_EQ(PolicyProblems(PolicyOf(rest + "    calls_per_second: 0\n")),
            "file.yaml:2: callers.calls_per_second: \"0\" is not a number above 0 and up to 1000000");
  EXPECT_EQ(PolicyProblems(PolicyOf(rest + "    burst: 5\n")), "file.yaml:2: callers.burst: needs calls_per_second");
  EXPECT_EQ(PolicyProblems(PolicyOf(rest + "    server: 1\n")),
            "file.yaml:5: callers[0].server: is not a field; the fields are name, calls_per_second, burst, identities, "
            "rpcs, wolkvox_servers");
  EXPECT_EQ(PolicyProblems(PolicyOf("    identities: [\"token:a\"]\n")), "file.yaml:2: callers[0]: has no rpcs");
  EXPECT_EQ(PolicyProblems(PolicyOf("    identities: []\n    rpcs: [CreateVspInteraction]\n")),
            "file.yaml:3: callers[0].identities: is not a list of texts, with at least one");
}

TEST_F(CallersTest, TwoRulesShareNoNameAndNoIdentity) {
  const std::string rule = "  - {name: a, identities: [\"token:a\"], rpcs: [CreateVspInteraction]}\n";
  EXPECT_EQ(PolicyProblems("callers:\n" + rule + rule),
            "file.yaml:3: callers.name: \"a\" is the name of file.yaml:2, too\n"
            "file.yaml:3: callers.identities: \"token:a\" is in file.yaml:2, too");
}

TEST_F(CallersTest, RefusesWhatIsNoPolicy) {
  for (const char* content : {"", "[]", "callers: 7", "callers: []\nmore: 1", "rules: []"}) {
    EXPECT_EQ(PolicyProblems(content), "file.yaml: is not a map with the one key callers, which is a list") << content;
  }
  EXPECT_THAT(PolicyProblems("callers: [\n"), HasSubstr("file.yaml:2"));
  EXPECT_EQ(PolicyProblems("callers: [7]"), "file.yaml:1: callers[0]: is not a map of fields");
  Problems problems;
  ReadPolicy(dir_.File("none"), &problems);
  EXPECT_THAT(problems.ToStatus().message(), HasSubstr("cannot be read: No such file or directory"));
}

TEST_F(CallersTest, APolicyWithoutRulesLetsNobodyIn) { EXPECT_EQ(PolicyProblems("callers: []"), ""); }

TEST_F(CallersTest, ReadsApiKeys) {
  Problems problems;
  const std::string digest(64, 'A');
  const auto keys = ReadApiKeys(
      dir_.Write("keys.yaml", absl::StrCat("api_keys:\n  - {name: billing, sha256: ", digest, "}\n")), &problems);
  EXPECT_THAT(problems.ToStatus(), testing::IsOk());
  ASSERT_THAT(keys, SizeIs(1));
  EXPECT_EQ(keys[0].name, "billing");
  EXPECT_EQ(keys[0].sha256, std::string(32, '\xaa'));
}

TEST_F(CallersTest, NamesEachMistakeAboutApiKeysAndRepeatsNoKey) {
  EXPECT_EQ(
      KeyProblems("api_keys:\n  - {name: a, sha256: \"the key itself\"}\n"),
      "file.yaml:2: api_keys.sha256: is not 64 hexadecimal digits; they are what printf %s KEY | sha256sum prints");
  const std::string key = absl::StrCat("  - {name: a, sha256: ", std::string(64, 'b'), "}\n");
  EXPECT_EQ(KeyProblems(absl::StrCat("api_keys:\n", key, key)),
            "file.yaml:3: api_keys.sha256: is that of file.yaml:2, too");
  EXPECT_EQ(KeyProblems("api_keys: [{name: a}]"), "file.yaml:1: api_keys[0]: has no sha256");
}

}  // namespace
}  // namespace interaction::config
