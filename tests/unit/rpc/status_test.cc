#include "server/rpc/status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "server/base/errors.h"
#include "tests/support/matchers.h"

namespace interaction::rpc {
namespace {

using ::interaction::testing::EqualsProto;
using ::testing::Le;
using ::testing::SizeIs;

google::rpc::Status Details(const RpcStatus& status) {
  google::rpc::Status details;
  EXPECT_TRUE(details.ParseFromString(status.details));
  return details;
}

template <typename Detail>
Detail Unpack(const google::protobuf::Any& any) {
  Detail detail;
  EXPECT_TRUE(any.UnpackTo(&detail)) << any.type_url();
  return detail;
}

TEST(ToRpcStatusTest, CarriesCodeMessageAndOneErrorInfo) {
  const absl::Status error =
      Error(Reason::kUpstreamTimeout).In(Phase::kWait).WithHttpStatus(200).With("curlCode", "28");
  const RpcStatus status = ToRpcStatus(error, "wolkvox", "7b8c4d3e-0000-4000-8000-000000000001");
  EXPECT_EQ(status.code, static_cast<int>(absl::StatusCode::kDeadlineExceeded));
  EXPECT_EQ(status.message, error.message());
  const google::rpc::Status details = Details(status);
  EXPECT_EQ(details.code(), 4);
  EXPECT_EQ(details.message(), error.message());
  ASSERT_THAT(details.details(), SizeIs(1));
  EXPECT_THAT(Unpack<google::rpc::ErrorInfo>(details.details(0)), EqualsProto(R"pb(
                reason: "UPSTREAM_TIMEOUT"
                domain: "interaction.v1.InteractionService"
                metadata { key: "curlCode" value: "28" }
                metadata { key: "httpStatus" value: "200" }
                metadata { key: "outcome" value: "unknown" }
                metadata { key: "phase" value: "wait" }
                metadata { key: "requestId" value: "7b8c4d3e-0000-4000-8000-000000000001" }
                metadata { key: "upstream" value: "wolkvox" }
              )pb"));
}

TEST(ToRpcStatusTest, NamesEveryFieldThatBreaksItsRuleInOrder) {
  const absl::Status error = Error(Reason::kInvalidRequest)
                                 .WithFieldViolation("account_id", "must be a GUID")
                                 .WithFieldViolation("contact_id", "must be a GUID");
  const google::rpc::Status details = Details(ToRpcStatus(error, "", ""));
  ASSERT_THAT(details.details(), SizeIs(2));
  EXPECT_THAT(Unpack<google::rpc::BadRequest>(details.details(1)), EqualsProto(R"pb(
                field_violations { field: "account_id" description: "must be a GUID" }
                field_violations { field: "contact_id" description: "must be a GUID" }
              )pb"));
}

TEST(ToRpcStatusTest, SaysWhenToRetry) {
  const absl::Status error = Error(Reason::kUpstreamRateLimited).WithRetryAfter(absl::Milliseconds(1500));
  const google::rpc::Status details = Details(ToRpcStatus(error, "", ""));
  ASSERT_THAT(details.details(), SizeIs(2));
  EXPECT_THAT(Unpack<google::rpc::RetryInfo>(details.details(1)),
              EqualsProto("retry_delay { seconds: 1 nanos: 500000000 }"));
}

TEST(ToRpcStatusTest, TellsOfAQuotaAndOfAPrecondition) {
  const auto quota = Details(ToRpcStatus(Error(Reason::kUpstreamDailyQuota).WithQuota("wolkvox token"), "", ""));
  ASSERT_THAT(quota.details(), SizeIs(2));
  EXPECT_EQ(Unpack<google::rpc::QuotaFailure>(quota.details(1)).violations(0).subject(), "wolkvox token");
  const auto precondition = Details(ToRpcStatus(Error(Reason::kUpstreamCredentialsRejected)
                                                    .WithCode(absl::StatusCode::kFailedPrecondition)
                                                    .WithPrecondition("seethepro"),
                                                "", ""));
  ASSERT_THAT(precondition.details(), SizeIs(2));
  EXPECT_EQ(Unpack<google::rpc::PreconditionFailure>(precondition.details(1)).violations(0).subject(), "seethepro");
}

TEST(ToRpcStatusTest, StaysBelowFourKibibytesHoweverManyFieldsAreWrong) {
  Error error(Reason::kInvalidRequest);
  for (int i = 0; i < 500; ++i) error.WithFieldViolation(absl::StrCat("field_", i), std::string(60, 'x'));
  EXPECT_THAT(ToRpcStatus(error, "wolkvox", "").details.size(), Le(4096u));
}

TEST(ToRpcStatusTest, OfAnErrorThatTheCatalogueDoesNotKnowClaimsNothing) {
  const google::rpc::Status details = Details(ToRpcStatus(absl::InternalError("a defect"), "", ""));
  ASSERT_THAT(details.details(), SizeIs(1));
  EXPECT_THAT(Unpack<google::rpc::ErrorInfo>(details.details(0)), EqualsProto(R"pb(
                reason: "INTERNAL_ERROR"
                domain: "interaction.v1.InteractionService"
                metadata { key: "outcome" value: "unknown" }
              )pb"));
}

}  // namespace
}  // namespace interaction::rpc
