#include "server/records/work_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/unit/call/call_test_fixture.h"

namespace interaction::records {
namespace {

Digest Of(absl::string_view text) { return Sha256({text}); }

class WorkTableTest : public testing::CallTest {
 protected:
  ~WorkTableTest() override {
    for (const auto& work : made_) work->Finish({.reply = absl::CancelledError()});
  }

  WorkTable::Entry FindOrAdd(const RecordId& record) {
    return table_.FindOrAdd(record, [&] {
      made_.push_back(std::make_shared<call::Work>(MakeCall(), &shutdown_));
      return made_.back();
    });
  }

  WorkTable table_;
  std::vector<std::shared_ptr<call::Work>> made_;
};

TEST_F(WorkTableTest, TheFirstOfAKeyGetsWorkAndOthersFindIt) {
  const RecordId record = {Of("key"), Of("asks")};
  const WorkTable::Entry first = FindOrAdd(record);
  const WorkTable::Entry second = FindOrAdd(record);
  EXPECT_TRUE(first.is_first);
  EXPECT_FALSE(second.is_first);
  EXPECT_TRUE(second.matches);
  EXPECT_EQ(second.work, first.work);
  EXPECT_EQ(made_.size(), 1);
}

TEST_F(WorkTableTest, OneThatAsksForSomethingElseDoesNotMatch) {
  const WorkTable::Entry first = FindOrAdd({Of("key"), Of("asks")});
  const WorkTable::Entry other = FindOrAdd({Of("key"), Of("asks for something else")});
  EXPECT_TRUE(first.matches);
  EXPECT_FALSE(other.matches);
  EXPECT_FALSE(other.is_first);
}

TEST_F(WorkTableTest, AnotherKeyHasWorkOfItsOwn) {
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(FindOrAdd({Of(absl::StrCat(i)), Of("asks")}).is_first);
  EXPECT_EQ(made_.size(), 1000);
}

TEST_F(WorkTableTest, AfterItsRemovalTheNextOfTheKeyIsFirstAgain) {
  const RecordId record = {Of("key"), Of("asks")};
  const WorkTable::Entry first = FindOrAdd(record);
  table_.Remove(record.key);
  const WorkTable::Entry next = FindOrAdd(record);
  EXPECT_TRUE(next.is_first);
  EXPECT_NE(next.work, first.work);
}

}  // namespace
}  // namespace interaction::records
