// What interactionctl tells people to do next, held against docs/errors.md.
#include "client/cli/advice.h"

#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace interaction::cli {
namespace {

using Outcome = CallError::Outcome;
using Code = absl::StatusCode;
using ::testing::AllOf;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr char kRequestId[] = "1f0e2d3c-4b5a-4978-8675-64534231200f";

// A row of the page for each of its codes.
struct Row {
  std::string reason;
  Code code;
  Outcome outcome;
};

Code CodeCalled(absl::string_view name) {
  for (int code = 1; code <= 16; ++code) {
    if (absl::StatusCodeToString(static_cast<Code>(code)) == name) return static_cast<Code>(code);
  }
  ADD_FAILURE() << name << " is no code";
  return Code::kUnknown;
}

std::vector<Row> RowsOfThePage() {
  std::vector<Row> rows;
  std::ifstream page("docs/errors.md");
  for (std::string line; std::getline(page, line);) {
    const std::vector<std::string> cells = absl::StrSplit(line, absl::ByString(" | "));
    absl::string_view reason = cells[0];
    if (cells.size() != 5 || !absl::ConsumePrefix(&reason, "| `") || !absl::ConsumeSuffix(&reason, "`")) continue;
    for (const absl::string_view name : absl::StrSplit(cells[1], " or ")) {
      const Code code = CodeCalled(name);
      const bool unknown = cells[2] == "unknown" || code == Code::kUnknown;
      rows.push_back({std::string(reason), code, unknown ? Outcome::kUnknown : Outcome::kNotApplied});
    }
  }
  return rows;
}

CallError ErrorOf(const Row& row) {
  CallError error;
  error.reason = row.reason;
  error.outcome = row.outcome;
  return error;
}

std::string Next(const Row& row, const std::string& request_id = "") {
  return NextStep(absl::Status(row.code, "no"), ErrorOf(row), request_id);
}

TEST(AdviceOfThePageTest, ThePageIsRead) { EXPECT_THAT(RowsOfThePage(), SizeIs(Ge(50u))); }

TEST(AdviceOfThePageTest, EveryReasonHasAdviceOfItsOwn) {
  for (const Row& row : RowsOfThePage()) {
    EXPECT_TRUE(IsKnownReason(row.reason)) << row.reason;
    EXPECT_THAT(Next(row), Not(IsEmpty())) << row.reason;
  }
}

TEST(AdviceOfThePageTest, UnavailableIsToBeRepeated) {
  for (const Row& row : RowsOfThePage()) {
    if (row.code != Code::kUnavailable) continue;
    EXPECT_THAT(Next(row), StartsWith("call again")) << row.reason;
  }
}

// What fails again until somebody changes something.
TEST(AdviceOfThePageTest, WhatIsWrongInItselfIsNotToBeRepeated) {
  const std::set<Code> codes = {Code::kInvalidArgument, Code::kPermissionDenied, Code::kUnauthenticated,
                                Code::kNotFound,        Code::kAlreadyExists,    Code::kFailedPrecondition,
                                Code::kUnimplemented,   Code::kInternal};
  for (const Row& row : RowsOfThePage()) {
    if (!codes.contains(row.code)) continue;
    EXPECT_THAT(Next(row), Not(StartsWith("call again"))) << row.reason;
  }
}

TEST(AdviceOfThePageTest, AnUnknownOutcomeWithoutRequestIdSendsToTheVendorFirst) {
  for (const Row& row : RowsOfThePage()) {
    if (row.outcome != Outcome::kUnknown) continue;
    EXPECT_THAT(Next(row), StartsWith("check at the vendor whether it was opened")) << row.reason;
  }
}

TEST(AdviceOfThePageTest, AnUnknownOutcomeWithRequestIdIsToBeRepeatedWithTheSame) {
  for (const Row& row : RowsOfThePage()) {
    if (row.outcome != Outcome::kUnknown || row.reason == "OUTCOME_UNKNOWN") continue;
    EXPECT_THAT(Next(row, kRequestId), StartsWith(absl::StrCat("call again with the same request_id, ", kRequestId,
                                                               ": it is never sent twice")))
        << row.reason;
  }
}

TEST(AdviceTest, TheRecordOfAnUnknownOutcomeIsNotToBeAskedAgain) {
  EXPECT_THAT(Next({"OUTCOME_UNKNOWN", Code::kUnknown, Outcome::kUnknown}, kRequestId),
              AllOf(StartsWith("check at the vendor"), HasSubstr("new request_id"), HasSubstr("never sent again")));
}

TEST(AdviceTest, ARequestIdThatTheGatewayCouldNotKeepProtectsNothing) {
  CallError error;
  error.reason = "UPSTREAM_TIMEOUT";
  error.metadata["idempotency"] = "bypassed";
  EXPECT_THAT(NextStep(absl::DeadlineExceededError("no"), error, kRequestId), StartsWith("check at the vendor"));
}

TEST(AdviceTest, AUsedUpQuotaIsNotToBeRepeatedSoon) {
  EXPECT_THAT(Next({"UPSTREAM_DAILY_QUOTA", Code::kResourceExhausted, Outcome::kNotApplied}),
              StartsWith("use another token"));
}

TEST(AdviceTest, TheDelayOfTheErrorIsPartOfIt) {
  CallError error = ErrorOf({"UPSTREAM_RATE_LIMITED", Code::kResourceExhausted, Outcome::kNotApplied});
  error.retry_delay = absl::Seconds(7);
  EXPECT_EQ(NextStep(absl::ResourceExhaustedError("no"), error, ""), "call again in 7s");
}

TEST(AdviceTest, WhoseCredentialIsWrongDecidesWhoCorrectsIt) {
  EXPECT_THAT(Next({"UPSTREAM_CREDENTIALS_REJECTED", Code::kUnauthenticated, Outcome::kNotApplied}),
              HasSubstr("that you sent"));
  EXPECT_THAT(Next({"UPSTREAM_CREDENTIALS_REJECTED", Code::kFailedPrecondition, Outcome::kNotApplied}),
              HasSubstr("gateway's operator"));
}

TEST(AdviceTest, AConnectionThatBrokeMayHaveTakenTheRecordWithIt) {
  EXPECT_THAT(Next({kNoAnswerFromGateway, Code::kUnavailable, Outcome::kUnknown}, kRequestId),
              AllOf(StartsWith("call again with the same request_id"), HasSubstr("keeps its records in memory")));
}

TEST(AdviceTest, AReasonOfTomorrowIsJudgedByOutcomeAndCode) {
  EXPECT_FALSE(IsKnownReason("TOMORROW"));
  EXPECT_EQ(Next({"TOMORROW", Code::kUnavailable, Outcome::kNotApplied}), "call again");
  EXPECT_EQ(Next({"TOMORROW", Code::kFailedPrecondition, Outcome::kNotApplied}),
            "correct what the error names, then call again");
  EXPECT_THAT(Next({"TOMORROW", Code::kUnavailable, Outcome::kUnknown}), StartsWith("check at the vendor"));
}

}  // namespace
}  // namespace interaction::cli
