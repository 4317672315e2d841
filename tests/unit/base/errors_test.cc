#include "server/base/errors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "tests/support/matchers.h"

namespace interaction {
namespace {

using ::interaction::testing::HasOutcome;
using ::interaction::testing::HasReason;
using ::interaction::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Optional;
using ::testing::Pair;

TEST(ReasonCatalogueTest, HasOneRowForEachReasonInTheOrderOfTheEnum) {
  for (size_t i = 0; i < ReasonCatalogue().size(); ++i) {
    const ReasonEntry& entry = ReasonCatalogue()[i];
    EXPECT_EQ(static_cast<size_t>(entry.reason), i) << entry.name;
    EXPECT_EQ(&Describe(entry.reason), &entry) << entry.name;
  }
  EXPECT_EQ(ReasonCatalogue().back().reason, Reason::kUpstreamContradictory);
}

TEST(ReasonCatalogueTest, NamesAreUpperSnakeAtMost63LongAndUnique) {
  std::set<std::string> names;
  for (const ReasonEntry& entry : ReasonCatalogue()) {
    EXPECT_LE(entry.name.size(), 63u) << entry.name;
    EXPECT_TRUE(std::all_of(entry.name.begin(), entry.name.end(), [](char c) {
      return absl::ascii_isupper(c) || absl::ascii_isdigit(c) || c == '_';
    })) << entry.name;
    EXPECT_TRUE(names.insert(std::string(entry.name)).second) << entry.name << " twice";
  }
}

TEST(ReasonCatalogueTest, MessagesAreShortSentences) {
  for (const ReasonEntry& entry : ReasonCatalogue()) {
    EXPECT_LE(entry.message.size(), 512u) << entry.name;
    EXPECT_TRUE(absl::EndsWith(entry.message, ".")) << entry.name;
  }
}

// Clients and meshes retry UNAVAILABLE on their own (AIP-194), and RESOURCE_EXHAUSTED after RetryInfo.
TEST(ReasonCatalogueTest, CodesThatInviteARetryAreOnlyForWhatWasSurelyNotApplied) {
  for (const ReasonEntry& entry : ReasonCatalogue()) {
    std::vector<absl::StatusCode> codes = entry.other_codes;
    codes.push_back(entry.code);
    for (absl::StatusCode code : codes) {
      if (code == absl::StatusCode::kUnavailable || code == absl::StatusCode::kResourceExhausted) {
        EXPECT_EQ(entry.outcome, Outcome::kNotApplied) << entry.name;
      }
    }
  }
}

TEST(ErrorTest, TakesCodeMessageAndOutcomeFromTheCatalogue) {
  for (const ReasonEntry& entry : ReasonCatalogue()) {
    const absl::Status status = Error(entry.reason);
    EXPECT_THAT(status, StatusIs(entry.code, std::string(entry.message))) << entry.name;
    EXPECT_THAT(status, HasReason(entry.reason));
    EXPECT_THAT(status, HasOutcome(entry.outcome));
  }
}

TEST(ErrorTest, TellsNothingThatWasNotSaid) {
  const ErrorDetails details = GetErrorDetails(Error(Reason::kOverloaded));
  EXPECT_EQ(details.phase, std::nullopt);
  EXPECT_EQ(details.retry_after, std::nullopt);
  EXPECT_THAT(details.field_violations, IsEmpty());
  EXPECT_THAT(details.quota_subject, IsEmpty());
  EXPECT_THAT(details.precondition_subject, IsEmpty());
  EXPECT_THAT(details.metadata, IsEmpty());
}

TEST(ErrorTest, CodeAndOutcomeCanBeOthersThanUsual) {
  const absl::Status status =
      Error(Reason::kUpstreamRedirect).WithCode(absl::StatusCode::kUnknown).WithOutcome(Outcome::kUnknown);
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnknown));
  EXPECT_THAT(status, HasReason(Reason::kUpstreamRedirect));
  EXPECT_THAT(status, HasOutcome(Outcome::kUnknown));
}

TEST(ErrorTest, EveryPhaseComesBack) {
  for (Phase phase : {Phase::kParse, Phase::kAuthorize, Phase::kValidate, Phase::kQueue, Phase::kResolve,
                      Phase::kConnect, Phase::kTls, Phase::kSend, Phase::kWait, Phase::kReceive, Phase::kDecode}) {
    EXPECT_THAT(GetErrorDetails(Error(Reason::kUpstreamTimeout).In(phase)).phase, Optional(phase)) << PhaseName(phase);
  }
}

TEST(ErrorTest, DelaysComeBackToTheNanosecond) {
  for (absl::Duration delay : {absl::ZeroDuration(), absl::Nanoseconds(1), absl::Seconds(300) + absl::Nanoseconds(7)}) {
    EXPECT_THAT(GetErrorDetails(Error(Reason::kOverloaded).WithRetryAfter(delay)).retry_after, Optional(delay));
  }
}

TEST(ErrorTest, MetadataComesBackAndEmptyValuesAreLeftOut) {
  const ErrorDetails details = GetErrorDetails(
      Error(Reason::kUpstreamRejected).WithHttpStatus(418).With("upstreamCode", "418").With("curlCode", ""));
  EXPECT_THAT(details.metadata, ElementsAre(Pair("httpStatus", "418"), Pair("upstreamCode", "418")));
}

TEST(ErrorTest, TheLastValueOfAKeyCounts) {
  const ErrorDetails details =
      GetErrorDetails(Error(Reason::kUpstreamRejected).WithHttpStatus(200).WithHttpStatus(418));
  EXPECT_THAT(details.metadata, ElementsAre(Pair("httpStatus", "418")));
}

TEST(ErrorTest, SubjectsComeBack) {
  EXPECT_EQ(GetErrorDetails(Error(Reason::kUpstreamDailyQuota).WithQuota("the token")).quota_subject, "the token");
  EXPECT_EQ(
      GetErrorDetails(Error(Reason::kUpstreamCredentialsRejected).WithPrecondition("the key")).precondition_subject,
      "the key");
}

TEST(ErrorTest, ManyFieldViolationsComeBackInTheirOrder) {
  std::vector<FieldViolation> violations;
  for (int i = 0; i < 120; ++i) {
    violations.push_back({absl::StrCat("field_", i), absl::StrCat("must not be ", i, "; \"\n\u00f1\"")});
  }
  const absl::Status status =
      Error(Reason::kInvalidRequest).WithFieldViolations(violations).WithFieldViolation("last", "is wrong too");
  violations.push_back({"last", "is wrong too"});
  EXPECT_EQ(GetErrorDetails(status).field_violations, violations);
}

TEST(GetErrorDetailsTest, AStatusFromElsewhereIsADefectOfUnknownOutcome) {
  absl::Status foreign = absl::UnavailableError("from a library");
  foreign.SetPayload("type.googleapis.com/google.rpc.RetryInfo", absl::Cord("1"));
  const ErrorDetails details = GetErrorDetails(foreign);
  EXPECT_EQ(details.reason, Reason::kInternalError);
  EXPECT_EQ(details.outcome, Outcome::kUnknown);
  EXPECT_EQ(details.retry_after, std::nullopt);
  EXPECT_THAT(details.metadata, IsEmpty());
}

TEST(OutcomeOfTest, OkIsApplied) { EXPECT_EQ(OutcomeOf(absl::OkStatus()), Outcome::kApplied); }

TEST(OutcomeNameTest, IsThePublishedWord) {
  EXPECT_EQ(OutcomeName(Outcome::kNotApplied), "not_applied");
  EXPECT_EQ(OutcomeName(Outcome::kApplied), "applied");
  EXPECT_EQ(OutcomeName(Outcome::kUnknown), "unknown");
}

TEST(PhaseNameTest, IsThePublishedWord) {
  const std::vector<std::pair<Phase, std::string>> rows = {
      {Phase::kParse, "parse"},     {Phase::kAuthorize, "authorize"}, {Phase::kValidate, "validate"},
      {Phase::kQueue, "queue"},     {Phase::kResolve, "resolve"},     {Phase::kConnect, "connect"},
      {Phase::kTls, "tls"},         {Phase::kSend, "send"},           {Phase::kWait, "wait"},
      {Phase::kReceive, "receive"}, {Phase::kDecode, "decode"},
  };
  for (const auto& [phase, name] : rows) EXPECT_EQ(PhaseName(phase), name);
}

}  // namespace
}  // namespace interaction
