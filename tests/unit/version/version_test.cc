#include "version/version.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/subprocess.h"
#include "tests/support/temp_dir.h"

namespace interaction {
namespace {

using ::interaction::testing::ExitStatus;
using ::interaction::testing::Subprocess;
using ::interaction::testing::TempDir;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

std::string Output(const std::string& program, const std::vector<std::string>& args) {
  // What a git hook sets is about the checkout of the hook.
  Subprocess process(program, args, {.unset_env = {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"}});
  EXPECT_EQ(process.Wait(), ExitStatus{.code = 0}) << program << ": " << process.Stderr();
  return process.Stdout();
}

TEST(VersionTest, TellsVersionCommitAndBuild) {
  EXPECT_THAT(VersionLine("program"),
              MatchesRegex("program [0-9]+\\.[0-9]+\\.[0-9]+ \\(commit ([0-9a-f]+(\\+changes)?|unknown), [A-Za-z]+, "
                           "[A-Za-z]+ [0-9.]+\\)"));
}

TEST(VersionTest, EveryProgramTellsItInTheSameForm) {
  for (const auto& [name, path] : std::vector<std::pair<const char*, const char*>>{
           {"interaction-server", INTERACTION_SERVER},
           {"interactionctl", INTERACTIONCTL},
           {"interaction-sandbox", INTERACTION_SANDBOX},
       }) {
    EXPECT_EQ(Output(path, {"--version"}), absl::StrCat(VersionLine(name), "\n"));
  }
}

// A folder with one file, as a checkout of git or not, and the source that write_commit.cmake makes for it.
class WriteCommitTest : public ::testing::Test {
 protected:
  WriteCommitTest() { checkout_.Write("file", "before"); }

  std::string Git(std::vector<std::string> args) const {
    args.insert(args.begin(), {"-C", checkout_.path(), "-c", "user.name=n", "-c", "user.email=e@example.com"});
    return Output(GIT, args);
  }

  void Commit() const {
    Git({"init", "-q"});
    Git({"add", "."});
    Git({"commit", "-q", "-m", "m"});
  }

  // The text of the source after a build of `folder`.
  std::string Build(const std::string& folder, const std::string& commit = "") const {
    Output(CMAKE, {"-D", absl::StrCat("GIT=", GIT), "-D", absl::StrCat("SOURCE_DIR=", folder), "-D",
                   absl::StrCat("COMMIT=", commit), "-D", absl::StrCat("OUTPUT=", source()), "-P",
                   "version/write_commit.cmake"});
    std::ifstream file(source());
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::string source() const { return output_.File("commit.cc"); }

  TempDir checkout_;
  TempDir output_;
};

TEST_F(WriteCommitTest, NamesTheCommitOfTheCheckout) {
  Commit();
  const std::string commit = Git({"rev-parse", "HEAD"}).substr(0, 12);
  EXPECT_THAT(Build(checkout_.path()), HasSubstr(absl::StrCat("kCommit[] = \"", commit, "\"")));
}

TEST_F(WriteCommitTest, MarksACheckoutThatDiffersFromItsCommit) {
  Commit();
  checkout_.Write("file", "changed since");
  EXPECT_THAT(Build(checkout_.path()), HasSubstr("+changes\""));
}

TEST_F(WriteCommitTest, LeavesTheSourceAsItIsWhileTheCommitIsTheSame) {
  Commit();
  const std::string first = Build(checkout_.path());
  const auto old = std::filesystem::file_time_type::clock::now() - std::chrono::hours(24);
  std::filesystem::last_write_time(source(), old);
  EXPECT_EQ(Build(checkout_.path()), first);
  EXPECT_EQ(std::filesystem::last_write_time(source()), old);
}

TEST_F(WriteCommitTest, SaysUnknownOutsideGit) {
  EXPECT_THAT(Build(checkout_.path()), HasSubstr("kCommit[] = \"unknown\""));
}

TEST_F(WriteCommitTest, TakesNoCommitOfACheckoutAroundTheSources) {
  std::filesystem::create_directory(checkout_.File("unpacked"));
  checkout_.Write("unpacked/file", "");
  Commit();
  EXPECT_THAT(Build(checkout_.File("unpacked")), HasSubstr("kCommit[] = \"unknown\""));
}

TEST_F(WriteCommitTest, TakesTheCommitThatTheBuilderNames) {
  EXPECT_THAT(Build(checkout_.path(), "v0.1.0"), HasSubstr("kCommit[] = \"v0.1.0\""));
}

}  // namespace
}  // namespace interaction
