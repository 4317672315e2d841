// Where `interactionctl import` takes its values from: the command line, the row, the environment, a profile.
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/client/cli_invocation.h"
#include "tests/unit/client/fake_gateway.h"

namespace interaction::cli {
namespace {

using ::interaction::testing::FakeGateway;
using ::interaction::testing::TempDir;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr char kTitles[] = "Interaction Identity,Interaction Name,Account ID,Contact ID";
constexpr char kCells[] = "+1,a,6925ebd4-125d-4338-a736-99f4b5bcb3d7,3d6ab237-6e5e-4e4a-b76a-4ebe7d89b9e0";

// A folder with a sheet, and a gateway that notes the access key of each call.
class ImportCommandTest : public ::testing::Test {
 protected:
  ImportCommandTest() {
    gateway_.OnCreateVsp([this](auto&, const auto& request, auto& reply) {
      const std::lock_guard lock(mutex_);
      keys_.push_back(request.app_access_key());
      reply.set_interaction_id("7");
      return grpc::Status::OK;
    });
  }

  // Imports `sheet`, whose calls go out one after the other.
  Result Import(const std::string& sheet, std::map<std::string, std::string> variables,
                const std::vector<std::string>& flags = {}) {
    std::vector<std::string> args = {"import", "--method", "create-vsp", dir_.Write("sheet.csv", sheet), "--jobs", "1"};
    args.insert(args.end(), flags.begin(), flags.end());
    variables.insert({{"INTERACTION_ADDRESS", gateway_.target()},
                      {"INTERACTION_JOURNAL", dir_.File("journal")},
                      {"INTERACTION_RESULTS", dir_.File("results.csv")},
                      {"INTERACTION_TO_CORRECT", dir_.File("correct.csv")}});
    return Invoke(args, {variables, ""});
  }

  std::vector<std::string> keys() {
    const std::lock_guard lock(mutex_);
    return keys_;
  }

  TempDir dir_;
  std::mutex mutex_;
  std::vector<std::string> keys_;
  FakeGateway gateway_;
};

// Two rows with a column for the key; the second leaves it out.
std::string SheetWithKeys() {
  return absl::StrCat(kTitles, ",App Access Key\n", kCells, ",of-the-row\n", kCells, ",\n");
}

TEST_F(ImportCommandTest, AColumnWinsOverTheEnvironmentWhichFillsWhatARowLeavesOut) {
  const Result result = Import(SheetWithKeys(), {{"INTERACTION_APP_ACCESS_KEY", "of-the-environment"}});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(keys(), ElementsAre("of-the-row", "of-the-environment"));
}

TEST_F(ImportCommandTest, AColumnWinsOverAFileThatTheEnvironmentNames) {
  const Result result =
      Import(SheetWithKeys(), {{"INTERACTION_APP_ACCESS_KEY_FILE", dir_.Write("key", "of-the-file\n")}});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(keys(), ElementsAre("of-the-row", "of-the-file"));
}

TEST_F(ImportCommandTest, AFlagBesideAColumnIsAnError) {
  const std::string key = dir_.Write("key", "of-the-flag");
  EXPECT_THAT(Import(SheetWithKeys(), {}, {"--app-access-key-file", key}).err,
              HasSubstr("app_access_key is given twice: as a constant, and by column E 'App Access Key'"));
  EXPECT_THAT(Import(SheetWithKeys(), {}, {"--set", "interaction_name=b"}).err,
              HasSubstr("interaction_name is given twice"));
  EXPECT_THAT(keys(), IsEmpty());
}

TEST_F(ImportCommandTest, AFlagWinsOverTheEnvironment) {
  const Result result = Import(absl::StrCat(kTitles, "\n", kCells, "\n"), {{"INTERACTION_APP_ACCESS_KEY", "weaker"}},
                               {"--app-access-key-file", dir_.Write("key", "of-the-flag")});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(keys(), ElementsAre("of-the-flag"));
}

TEST_F(ImportCommandTest, ASetOfTheEnvironmentIsADefault) {
  const Result result = Import(absl::StrCat(kTitles, "\n", kCells, "\n"), {{"INTERACTION_SET", "interaction_name=b"}});
  EXPECT_EQ(result.exit_code, 0) << result.err;
}

TEST_F(ImportCommandTest, VariablesOfTheOtherMethodAreNotUsed) {
  const Result result =
      Import(absl::StrCat(kTitles, "\n", kCells, "\n"),
             {{"INTERACTION_WOLKVOX_TOKEN", "token"}, {"INTERACTION_WOLKVOX_TOKEN_FILE", dir_.Write("t", "token")}});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(keys(), ElementsAre(""));
}

TEST_F(ImportCommandTest, ASecretIsNoConstantHoweverItsFieldIsWritten) {
  for (const char* field : {"app_access_key", "appAccessKey"}) {
    const Result result = Import(kTitles, {}, {"--set", absl::StrCat(field, "=s3cret")});
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_THAT(result.err, HasSubstr("is a secret"));
    EXPECT_THAT(result.err, Not(HasSubstr("s3cret")));
  }
}

TEST_F(ImportCommandTest, ResultsGoToStandardOutputForADashAndTheSummaryAside) {
  const Result result = Import(absl::StrCat(kTitles, "\n", kCells, "\n"), {}, {"--results", "-"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(StartsWith("Interaction Identity,"), HasSubstr(absl::StrCat(kCells, ",2,applied,"))));
  EXPECT_THAT(result.err, AllOf(HasSubstr("results in standard output\n"), HasSubstr("applied")));
  EXPECT_THAT(Import(kTitles, {}, {"--to-correct", "-"}).err, HasSubstr("only --results can be '-'"));
}

TEST_F(ImportCommandTest, QuietLeavesOutEverythingButTheSummary) {
  const Result result = Import(absl::StrCat(kTitles, "\n", kCells, "\n"), {}, {"--quiet"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.err, IsEmpty());
  EXPECT_THAT(result.out, HasSubstr("applied"));
}

TEST_F(ImportCommandTest, ARequestIdOfAProfileIsForSingleCallsAndOneOfTheCommandLineIsAnError) {
  const std::string profiles = dir_.Write("profiles.yaml", "default: p\nprofiles: {p: {request-id: auto}}");
  const std::string sheet = absl::StrCat(kTitles, "\n", kCells, "\n");
  const Result result = Import(sheet, {{"INTERACTION_PROFILES", profiles}});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, Not(HasSubstr("request id")));
  EXPECT_THAT(keys(), SizeIs(1));
  EXPECT_THAT(Import(sheet, {}, {"--request-id", "auto"}).err, HasSubstr("--request-id is for one call"));
}

}  // namespace
}  // namespace interaction::cli
