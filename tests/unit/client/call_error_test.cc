#include "absl/strings/cord.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "interaction/client.h"
#include "tests/unit/client/details.h"

namespace interaction {
namespace {

using ::interaction::testing::RpcStatus;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

absl::Status StatusWith(const std::string& payload) {
  absl::Status status(absl::StatusCode::kUnavailable, "no");
  status.SetPayload(kStatusPayload, absl::Cord(payload));
  return status;
}

google::rpc::ErrorInfo Info(const std::string& outcome) {
  google::rpc::ErrorInfo info = ::interaction::testing::Info("OVERLOADED", outcome);
  (*info.mutable_metadata())["phase"] = "queue";
  return info;
}

TEST(CallErrorTest, HoldsEverythingThatTheDetailsSay) {
  google::rpc::BadRequest bad_request;
  auto* violation = bad_request.add_field_violations();
  violation->set_field("account_id");
  violation->set_description("must be a GUID");
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(1);
  retry.mutable_retry_delay()->set_nanos(500'000'000);

  const CallError error = GetCallError(
      StatusWith(RpcStatus(grpc::UNAVAILABLE, "no", Info("not_applied"), bad_request, retry).SerializeAsString()));

  EXPECT_EQ(error.reason, "OVERLOADED");
  EXPECT_EQ(error.domain, "interaction.v1.InteractionService");
  EXPECT_EQ(error.outcome, CallError::Outcome::kNotApplied);
  EXPECT_THAT(error.metadata, UnorderedElementsAre(Pair("outcome", "not_applied"), Pair("phase", "queue")));
  EXPECT_THAT(error.field_violations, ElementsAre(CallError::FieldViolation{"account_id", "must be a GUID"}));
  EXPECT_EQ(error.retry_delay, absl::Milliseconds(1500));
}

TEST(CallErrorTest, MetadataIsReadIntoTypes) {
  google::rpc::ErrorInfo info = Info("unknown");
  auto& metadata = *info.mutable_metadata();
  metadata["upstream"] = "wolkvox";
  metadata["httpStatus"] = "502";
  metadata["upstreamCode"] = "500";
  metadata["attempts"] = "3";
  metadata["requestId"] = "1f0e2d3c-4b5a-4978-8675-64534231200f";
  metadata["firstAttemptTime"] = "2026-11-27T10:00:00.5Z";
  metadata["idempotency"] = "bypassed";
  google::rpc::Help help;
  help.add_links()->set_url("https://example.com/errors");
  help.mutable_links(0)->set_description("the list");

  const CallError error = GetCallError(StatusWith(RpcStatus(grpc::UNKNOWN, "no", info, help).SerializeAsString()));

  EXPECT_EQ(error.phase, "queue");
  EXPECT_EQ(error.upstream, "wolkvox");
  EXPECT_EQ(error.http_status, 502);
  EXPECT_EQ(error.upstream_code, "500");
  EXPECT_EQ(error.attempts, 3);
  EXPECT_EQ(error.request_id, "1f0e2d3c-4b5a-4978-8675-64534231200f");
  EXPECT_EQ(error.first_attempt_time, absl::FromUnixMillis(1'795'773'600'500));
  EXPECT_TRUE(error.bypassed);
  EXPECT_THAT(error.help, ElementsAre(CallError::Link{"https://example.com/errors", "the list"}));
}

TEST(CallErrorTest, MetadataThatIsNotThereOrIsNoNumberIsAbsent) {
  google::rpc::ErrorInfo info = Info("unknown");
  (*info.mutable_metadata())["httpStatus"] = "many";

  const CallError error = GetCallError(StatusWith(RpcStatus(grpc::UNKNOWN, "no", info).SerializeAsString()));

  EXPECT_EQ(error.http_status, std::nullopt);
  EXPECT_EQ(error.first_attempt_time, std::nullopt);
  EXPECT_EQ(error.attempts, 1);
  EXPECT_EQ(error.request_id, "");
  EXPECT_FALSE(error.bypassed);
}

TEST(CallErrorTest, AnErrorInfoOfAnotherDomainSaysNothingAboutTheCall) {
  google::rpc::ErrorInfo info = Info("not_applied");
  info.set_domain("proxy.example");

  const CallError error = GetCallError(StatusWith(RpcStatus(grpc::UNAVAILABLE, "no", info).SerializeAsString()));

  EXPECT_EQ(error.reason, "");
  EXPECT_EQ(error.outcome, CallError::Outcome::kUnknown);
}

TEST(CallErrorTest, HoldsWhoseQuotaIsUsedUpAndWhatTheOperatorHasToLookAt) {
  google::rpc::QuotaFailure quota;
  quota.add_violations()->set_subject("uses a day");
  quota.mutable_violations(0)->set_description("used up");
  google::rpc::PreconditionFailure precondition;
  precondition.add_violations()->set_type("UPSTREAM_PERMISSION_DENIED");
  precondition.mutable_violations(0)->set_subject("the credential");
  precondition.mutable_violations(0)->set_description("not allowed");

  const CallError error =
      GetCallError(StatusWith(RpcStatus(grpc::RESOURCE_EXHAUSTED, "no", quota, precondition).SerializeAsString()));

  EXPECT_THAT(error.quota_violations, ElementsAre(CallError::QuotaViolation{"uses a day", "used up"}));
  EXPECT_THAT(error.precondition_violations, ElementsAre(CallError::PreconditionViolation{
                                                 "UPSTREAM_PERMISSION_DENIED", "the credential", "not allowed"}));
}

struct OutcomeCase {
  const char* name;
  std::string outcome;
  CallError::Outcome expected;
};

class OutcomeTest : public ::testing::TestWithParam<OutcomeCase> {};

TEST_P(OutcomeTest, IsNotAppliedOnlyIfTheGatewaySaysSo) {
  const auto details = RpcStatus(grpc::UNAVAILABLE, "no", Info(GetParam().outcome));
  EXPECT_EQ(GetCallError(StatusWith(details.SerializeAsString())).outcome, GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(Outcomes, OutcomeTest,
                         ::testing::Values(OutcomeCase{"NotApplied", "not_applied", CallError::Outcome::kNotApplied},
                                           OutcomeCase{"Unknown", "unknown", CallError::Outcome::kUnknown},
                                           OutcomeCase{"Empty", "", CallError::Outcome::kUnknown},
                                           OutcomeCase{"Unheard", "NOT_APPLIED", CallError::Outcome::kUnknown}),
                         [](const auto& test) { return test.param.name; });

TEST(CallErrorTest, AStatusWithoutDetailsHasNoReasonAndAnUnknownOutcome) {
  const CallError error = GetCallError(absl::UnavailableError("connection reset"));

  EXPECT_EQ(error.reason, "");
  EXPECT_EQ(error.outcome, CallError::Outcome::kUnknown);
  EXPECT_THAT(error.metadata, IsEmpty());
}

TEST(CallErrorTest, DetailsThatDoNotParseAreLikeNone) {
  const CallError error = GetCallError(StatusWith("\xff not protobuf"));

  EXPECT_EQ(error.reason, "");
  EXPECT_EQ(error.outcome, CallError::Outcome::kUnknown);
}

}  // namespace
}  // namespace interaction
