#include "client/cli/import/journal.h"

#include <sys/stat.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/matchers.h"
#include "tests/support/temp_dir.h"

namespace interaction::cli::import {
namespace {

using ::interaction::testing::IsOk;
using ::interaction::testing::IsOkAndHolds;
using ::interaction::testing::StatusIs;
using ::interaction::testing::TempDir;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Optional;

const JournalOwner kOwner = {"july", "create-vsp", "gateway:50051", "without a credential"};

const Entry kEntry = {.state = RowState::kApplied,
                      .first_sent = absl::FromUnixMillis(1'000'001),
                      .credential = "mark",
                      .reply = std::string("\0bytes", 6),
                      .reason = "",
                      .next = ""};

class JournalTest : public ::testing::Test {
 protected:
  std::unique_ptr<Journal> Open() {
    absl::StatusOr<std::unique_ptr<Journal>> journal = Journal::Open(path_, kOwner, false);
    EXPECT_THAT(journal, IsOk());
    return *std::move(journal);
  }

  absl::Status OpenFor(const JournalOwner& owner, bool accept_address = false) {
    return Journal::Open(path_, owner, accept_address).status();
  }

  const TempDir folder_;
  const std::string path_ = folder_.File("july.import-journal");
};

TEST_F(JournalTest, WhatIsCommittedIsThereWhenItIsOpenedAgain) {
  {
    const auto journal = Open();
    ASSERT_THAT(journal->Begin(), IsOk());
    ASSERT_THAT(journal->Put("id-1", kEntry), IsOk());
    ASSERT_THAT(journal->Put("id-2", kEntry), IsOk());
    ASSERT_THAT(journal->Erase("id-2"), IsOk());
    ASSERT_THAT(journal->Commit(), IsOk());
  }
  const auto journal = Open();
  EXPECT_THAT(journal->Find("id-1"), IsOkAndHolds(Optional(kEntry)));
  EXPECT_THAT(journal->Find("id-2"), IsOkAndHolds(std::nullopt));
}

TEST_F(JournalTest, WhatIsNotCommittedIsGone) {
  {
    const auto journal = Open();
    ASSERT_THAT(journal->Begin(), IsOk());
    ASSERT_THAT(journal->Put("id", kEntry), IsOk());
  }
  EXPECT_THAT(Open()->Find("id"), IsOkAndHolds(std::nullopt));
}

TEST_F(JournalTest, IsUsedByOneImportAtATime) {
  const auto journal = Open();
  EXPECT_THAT(OpenFor(kOwner), AllOf(StatusIs(absl::StatusCode::kUnavailable)));
  EXPECT_THAT(OpenFor(kOwner).message(), HasSubstr("is in use by another import"));
}

TEST_F(JournalTest, BelongsToOneImportOfOneCallerAtOneGateway) {
  Open();
  const struct {
    JournalOwner owner;
    const char* message;
  } rows[] = {
      {{"august", kOwner.method, kOwner.address, kOwner.caller}, "is of the import july, not august"},
      {{kOwner.import_name, "add-wolkvox", kOwner.address, kOwner.caller},
       "is of the method create-vsp, not add-wolkvox"},
      {{kOwner.import_name, kOwner.method, "other:1", kOwner.caller},
       "is of the gateway at gateway:50051, not other:1"},
      {{kOwner.import_name, kOwner.method, kOwner.address, "API key 1"},
       "is of the caller without a credential, not API key 1"},
  };
  for (const auto& row : rows) {
    EXPECT_THAT(OpenFor(row.owner), StatusIs(absl::StatusCode::kFailedPrecondition));
    EXPECT_THAT(OpenFor(row.owner).message(), HasSubstr(row.message));
  }
}

TEST_F(JournalTest, AnotherNameOfTheGatewayIsTakenWhenItIsSaid) {
  const std::string salt = Open()->salt();
  JournalOwner renamed = kOwner;
  renamed.address = "10.0.0.1:50051";
  EXPECT_THAT(OpenFor(renamed, /*accept_address=*/true), IsOk());
  EXPECT_THAT(OpenFor(renamed), IsOk());
  EXPECT_THAT(OpenFor(kOwner), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ((*Journal::Open(path_, renamed, false))->salt(), salt);
}

TEST_F(JournalTest, AFileThatIsNoJournalIsLeftAlone) {
  const std::string text(4096, 'x');
  folder_.Write("july.import-journal", text);
  EXPECT_THAT(OpenFor(kOwner), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(JournalTest, IsReadableByItsOwnerOnly) {
  Open();
  struct stat status = {};
  ASSERT_EQ(stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(JournalTest, CountsHowOftenAKeyCameBefore) {
  const auto journal = Open();
  EXPECT_THAT(journal->Count("a"), IsOkAndHolds(0));
  EXPECT_THAT(journal->Count("a"), IsOkAndHolds(1));
  EXPECT_THAT(journal->Count("b"), IsOkAndHolds(0));
  EXPECT_THAT(journal->Count("a"), IsOkAndHolds(2));
  EXPECT_THAT(journal->ForgetCounts(), IsOk());
  EXPECT_THAT(journal->Count("a"), IsOkAndHolds(0));
}

TEST(TemporaryJournalTest, LeavesNoFile) {
  const auto journal = Journal::Open("", kOwner, false);
  ASSERT_THAT(journal, IsOk());
  EXPECT_THAT((*journal)->Find("id"), IsOkAndHolds(std::nullopt));
}

}  // namespace
}  // namespace interaction::cli::import
