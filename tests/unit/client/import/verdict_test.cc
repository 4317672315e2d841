#include "client/cli/import/verdict.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace interaction::cli::import {
namespace {

using Outcome = CallError::Outcome;
using Step = Verdict::Step;

CallError Error(const char* reason, Outcome outcome, std::map<std::string, std::string> metadata = {}) {
  return {.reason = reason, .outcome = outcome, .metadata = std::move(metadata)};
}

Verdict OfNotApplied(const char* reason, const Tries& tries = {},
                     absl::StatusCode code = absl::StatusCode::kUnavailable) {
  return Judge(absl::Status(code, ""), Error(reason, Outcome::kNotApplied), tries);
}

TEST(JudgeTest, WhatTheVendorRefusesIsFinal) {
  const Verdict verdict = OfNotApplied("UPSTREAM_REJECTED_ARGUMENT", {}, absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(verdict.step, Step::kFinal);
  EXPECT_EQ(verdict.state, RowState::kNotApplied);
}

TEST(JudgeTest, AGatewayThatDoesNotServeIsWaitedForAsLongAsThePatienceAllows) {
  for (const char* reason : {kGatewayUnreachable, "OVERLOADED", "UPSTREAM_CIRCUIT_OPEN", "CALLER_RATE_LIMITED"}) {
    const Verdict verdict = OfNotApplied(reason, {.count = 100, .since_first = absl::Minutes(4)});
    EXPECT_EQ(verdict.step, Step::kRepeat) << reason;
    EXPECT_TRUE(verdict.slow_down) << reason;
    EXPECT_EQ(OfNotApplied(reason, {.since_first = absl::Minutes(6)}).step, Step::kStop) << reason;
  }
}

TEST(JudgeTest, RetryInfoIsFollowed) {
  CallError error = Error("UPSTREAM_RATE_LIMITED", Outcome::kNotApplied);
  error.retry_delay = absl::Seconds(7);
  const Verdict verdict = Judge(absl::ResourceExhaustedError(""), error, {});
  EXPECT_EQ(verdict.step, Step::kRepeat);
  EXPECT_EQ(verdict.delay, absl::Seconds(7));
  EXPECT_TRUE(verdict.slow_down);
}

TEST(JudgeTest, WithoutRetryInfoDelaysGrowToTenSeconds) {
  EXPECT_EQ(OfNotApplied("OVERLOADED", {.count = 1}).delay, absl::Milliseconds(200));
  EXPECT_EQ(OfNotApplied("OVERLOADED", {.count = 3}).delay, absl::Milliseconds(800));
  EXPECT_EQ(OfNotApplied("OVERLOADED", {.count = 1000}).delay, absl::Seconds(10));
}

TEST(JudgeTest, ARowIsNotRepeatedForEver) {
  EXPECT_EQ(OfNotApplied("UPSTREAM_CONNECT_FAILED", {.count = 4}).step, Step::kRepeat);
  EXPECT_EQ(OfNotApplied("UPSTREAM_CONNECT_FAILED", {.count = 5}).step, Step::kFinal);
}

TEST(JudgeTest, WhatIsWrongForEveryRowStopsTheImport) {
  for (const char* reason : {"CALLER_UNAUTHENTICATED", "REQUEST_ID_UNSUPPORTED", kCredentialUnreadable}) {
    EXPECT_EQ(OfNotApplied(reason, {}, absl::StatusCode::kUnauthenticated).step, Step::kStop) << reason;
  }
}

TEST(JudgeTest, AnUnknownOutcomeIsAskedForWithTheSameRequestId) {
  const Verdict verdict = Judge(absl::UnknownError(""), Error("UPSTREAM_CONNECTION_LOST", Outcome::kUnknown), {});
  EXPECT_EQ(verdict.step, Step::kRepeat);
  EXPECT_EQ(verdict.state, RowState::kUnknown);
}

TEST(JudgeTest, AnUnknownOutcomeStaysOneWhenTheGatewayHasNoAnswer) {
  const absl::Status status = absl::UnknownError("");
  CallError bypassed = Error("UPSTREAM_CONNECTION_LOST", Outcome::kUnknown);
  bypassed.bypassed = true;
  for (const CallError& error : {Error("OUTCOME_UNKNOWN", Outcome::kUnknown), bypassed}) {
    EXPECT_EQ(Judge(status, error, {}).step, Step::kFinal);
    EXPECT_EQ(Judge(status, error, {}).state, RowState::kUnknown);
  }
  EXPECT_EQ(Judge(status, Error(kNoAnswerFromGateway, Outcome::kUnknown), {.count = 5}).step, Step::kFinal);
}

TEST(JudgeTest, ARowThatMayHaveBeenOpenedIsNotCalledUnopenedByACallThatNeverCameToTheVendor) {
  const Tries tries{.may_be_applied = true};
  EXPECT_EQ(OfNotApplied(kGatewayUnreachable, tries).state, RowState::kUnknown);
  EXPECT_EQ(OfNotApplied("CALLER_UNAUTHENTICATED", tries).state, RowState::kUnknown);
  const CallError worked_on = Error("UPSTREAM_REJECTED_ARGUMENT", Outcome::kNotApplied, {{"phase", "decode"}});
  EXPECT_EQ(Judge(absl::InvalidArgumentError(""), worked_on, tries).state, RowState::kNotApplied);
}

}  // namespace
}  // namespace interaction::cli::import
