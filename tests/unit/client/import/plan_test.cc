#include "client/cli/import/plan.h"

#include <sstream>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/matchers.h"

namespace interaction::cli::import {
namespace {

using ::interaction::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAreArray;

constexpr absl::Duration kWindow = absl::Hours(24);
const absl::Time kToday = absl::FromUnixSeconds(1'000'000);

Entry SentBefore(RowState state, absl::Duration age, std::string credential = "", std::string reason = "") {
  return {.state = state, .first_sent = kToday - age, .credential = std::move(credential), .reason = std::move(reason)};
}

TEST(DecideTest, WhatSurelyWasNotOpenedIsSent) {
  EXPECT_EQ(Decide(std::nullopt, kToday, kWindow, ""), Action::kSend);
  EXPECT_EQ(Decide(SentBefore(RowState::kNotApplied, absl::Hours(100)), kToday, kWindow, "other"), Action::kSend);
}

TEST(DecideTest, WhatWasOpenedIsNotSentHoweverLongAgo) {
  EXPECT_EQ(Decide(SentBefore(RowState::kApplied, absl::Hours(10'000)), kToday, kWindow, "other"), Action::kSkip);
}

TEST(DecideTest, WhatMayHaveBeenOpenedIsSentAgainOnlyWhileTheGatewayKnowsItsRequestId) {
  for (const RowState state : {RowState::kSending, RowState::kUnknown}) {
    EXPECT_EQ(Decide(SentBefore(state, absl::Hours(22)), kToday, kWindow, ""), Action::kSendAgain);
    EXPECT_EQ(Decide(SentBefore(state, absl::Minutes(23 * 60 + 1)), kToday, kWindow, ""), Action::kTooOld);
    EXPECT_EQ(Decide(SentBefore(state, absl::Hours(2)), kToday, absl::Hours(2), ""), Action::kTooOld);
  }
}

TEST(DecideTest, WhatMayHaveBeenOpenedWithOneCredentialIsNotSentWithAnother) {
  const Entry entry = SentBefore(RowState::kSending, absl::Hours(1), "mark");
  EXPECT_EQ(Decide(entry, kToday, kWindow, "mark"), Action::kSendAgain);
  EXPECT_EQ(Decide(entry, kToday, kWindow, "other"), Action::kOtherCredential);
  EXPECT_EQ(Decide(entry, kToday, kWindow, ""), Action::kOtherCredential);
}

TEST(DecideTest, ARequestIdThatTheGatewayCouldNotKeepIsNotSentAgain) {
  EXPECT_EQ(Decide(SentBefore(RowState::kUnknown, absl::Hours(1), "", kBypassedReason), kToday, kWindow, ""),
            Action::kSkip);
}

constexpr char kHeader[] = "interaction_identity,interaction_name,account_id,contact_id,request_id\n";

std::string Line(const std::string& name, const std::string& request_id = "") {
  return absl::StrCat("+1,", name, ",6925ebd4-125d-4338-a736-99f4b5bcb3d7,3d6ab237-6e5e-4e4a-b76a-4ebe7d89b9e0,",
                      request_id, "\n");
}

// The request_ids of the rows, or the text of the first problem.
std::vector<std::string> IdsOf(const std::string& text) {
  std::istringstream in(text);
  const auto input = Input::Open("-", in);
  const auto journal = Journal::Open("", {}, false);
  const auto plan = Plan::Begin(**input, **FindMethod("create-vsp"), {.import_name = "july"}, **journal);
  EXPECT_THAT(plan, IsOk());
  std::vector<std::string> ids;
  PlannedRow row;
  while (*(*plan)->Next(&row)) ids.push_back(row.problems.empty() ? row.request_id : row.problems.front().text);
  return ids;
}

TEST(PlanTest, RowsKeepTheirRequestIdsWhenOthersAreAddedMovedOrTakenAway) {
  const auto before = IdsOf(kHeader + Line("a") + Line("b") + Line("b"));
  EXPECT_NE(before[1], before[2]);
  const auto after = IdsOf(kHeader + Line("b") + Line("c") + Line("a") + Line("b"));
  EXPECT_THAT(std::vector({after[0], after[2], after[3]}), UnorderedElementsAreArray(before));
}

TEST(PlanTest, ARequestIdOfTheInputIsTakenAndBelongsToOneRow) {
  const std::string id = "1f0e2d3c-4b5a-4978-8675-64534231200f";
  EXPECT_THAT(IdsOf(kHeader + Line("a", id) + Line("b", id)),
              ElementsAre(id, HasSubstr("is that of a row further up")));
}

}  // namespace
}  // namespace interaction::cli::import
