#include "server/config/files.h"

#include <sys/stat.h>

#include <filesystem>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/matchers.h"
#include "tests/unit/config/temp_folder.h"

namespace interaction::config {
namespace {

using ::interaction::testing::IsOk;
using ::interaction::testing::IsOkAndHolds;
using ::testing::ElementsAre;

struct Case {
  const char* name;
  std::string content;
  std::string secret;  // "": refused with `error`
  std::string error;
};

class ReadSecretTest : public ::testing::TestWithParam<Case> {
 protected:
  TempFolder folder_;
};

TEST_P(ReadSecretTest, TakesOneLineOfPrintableAsciiAndNothingElse) {
  const absl::StatusOr<Secret> secret = ReadSecret(folder_.Write("key", GetParam().content));
  if (GetParam().error.empty()) {
    ASSERT_THAT(secret, IsOk());
    EXPECT_EQ(secret->Reveal(), GetParam().secret);
  } else {
    EXPECT_THAT(folder_.Lines(secret.status()), ElementsAre(GetParam().error));
  }
}

constexpr char kEmpty[] = R"("key" is empty)";
constexpr char kForeign[] =
    R"("key" contains a blank, a control or a non-ASCII character; it must contain only the secret, on one line)";
constexpr char kLong[] = R"("key" holds more than 512 characters)";

INSTANTIATE_TEST_SUITE_P(Contents, ReadSecretTest,
                         ::testing::ValuesIn(std::vector<Case>{
                             {"Bare", "s3cret", "s3cret", ""},
                             {"LineEnd", "s3cret\n", "s3cret", ""},
                             {"WindowsLineEnd", "s3cret\r\n", "s3cret", ""},
                             {"EdgesOfAscii", "!~", "!~", ""},
                             {"Longest", std::string(512, 'k'), std::string(512, 'k'), ""},
                             {"LongestWithLineEnd", std::string(512, 'k') + "\r\n", std::string(512, 'k'), ""},
                             {"TooLong", std::string(513, 'k'), "", kLong},
                             {"TooLongWithLineEnd", std::string(513, 'k') + "\n", "", kLong},
                             {"FarTooLong", std::string(100000, 'k'), "", kLong},
                             {"Empty", "", "", kEmpty},
                             {"LineEndAlone", "\n", "", kEmpty},
                             {"WindowsLineEndAlone", "\r\n", "", kEmpty},
                             {"TwoLineEnds", "s3cret\n\n", "", kForeign},
                             {"TwoLines", "s3cret\nother", "", kForeign},
                             {"CarriageReturnAlone", "s3cret\r", "", kForeign},
                             {"BlankAtEnd", "s3cret ", "", kForeign},
                             {"BlankInside", "s3 cret", "", kForeign},
                             {"Nul", std::string("s3\0cret", 7), "", kForeign},
                             {"Delete", "s3cret\x7f", "", kForeign},
                             {"ByteOrderMark", "\xef\xbb\xbfs3cret", "", kForeign},
                         }),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(FilesTest, AFileThatIsMissingIsNamedWithTheReason) {
  TempFolder folder;
  const std::string error = R"("key" cannot be read: No such file or directory)";
  EXPECT_THAT(folder.Lines(ReadSecret(folder.Path("key")).status()), ElementsAre(error));
  EXPECT_THAT(folder.Lines(ReadFile(folder.Path("key"), 1).status()), ElementsAre(error));
  EXPECT_THAT(folder.Lines(CheckReadable(folder.Path("key"))), ElementsAre(error));
}

TEST(FilesTest, AFolderIsNoFile) {
  TempFolder folder;
  std::filesystem::create_directory(folder.Path("key"));
  EXPECT_THAT(folder.Lines(ReadSecret(folder.Path("key")).status()),
              ElementsAre(R"("key" is a directory, not a file)"));
}

TEST(FilesTest, APipeIsNoFileAndDoesNotBlock) {
  TempFolder folder;
  ASSERT_EQ(mkfifo(folder.Path("key").c_str(), 0600), 0);
  EXPECT_THAT(folder.Lines(ReadSecret(folder.Path("key")).status()), ElementsAre(R"("key" is not a regular file)"));
}

TEST(FilesTest, ALinkIsFollowedAsKubernetesMountsSecrets) {
  TempFolder folder;
  folder.Write("data", "s3cret");
  std::filesystem::create_symlink("data", folder.Path("key"));
  const absl::StatusOr<Secret> secret = ReadSecret(folder.Path("key"));
  ASSERT_THAT(secret, IsOk());
  EXPECT_EQ(secret->Reveal(), "s3cret");
}

TEST(FilesTest, ReadFileStopsAtItsLimit) {
  TempFolder folder;
  const std::string path = folder.Write("file", "12345");
  EXPECT_THAT(ReadFile(path, 5), IsOkAndHolds("12345"));
  EXPECT_THAT(folder.Lines(ReadFile(path, 4).status()), ElementsAre(R"("file" is longer than 4 bytes)"));
}

TEST(FilesTest, AFileThatIsThereIsReadable) {
  TempFolder folder;
  EXPECT_THAT(CheckReadable(folder.Write("file", "")), IsOk());
}

}  // namespace
}  // namespace interaction::config
