#include "tests/support/matchers.h"

#include <google/rpc/status.pb.h>

#include <memory>
#include <string>

#include "gtest/gtest.h"

namespace interaction::testing {
namespace {

using ::testing::AnyOf;
using ::testing::DescribeMatcher;
using ::testing::HasSubstr;
using ::testing::IsNull;
using ::testing::Not;
using ::testing::StringMatchResultListener;

template <typename T, typename M>
std::string Explain(const T& value, M matcher) {
  StringMatchResultListener listener;
  ::testing::ExplainMatchResult(matcher, value, &listener);
  return listener.str();
}

struct GrpcLikeStatus {
  int error_code() const { return 14; }
  std::string error_message() const { return "refused"; }
};

TEST(MatchersTest, StatusMatchersTakeStatusAndStatusOr) {
  const absl::StatusOr<int> failed = absl::NotFoundError("no such room");
  EXPECT_THAT(absl::OkStatus(), IsOk());
  EXPECT_THAT(failed, Not(IsOk()));
  EXPECT_THAT(failed, StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(failed.status(), StatusIs(AnyOf(absl::StatusCode::kNotFound, absl::StatusCode::kOk)));
  EXPECT_THAT(failed, StatusIs(absl::StatusCode::kNotFound, HasSubstr("room")));
  EXPECT_THAT(failed, Not(StatusIs(absl::StatusCode::kNotFound, "room")));
  EXPECT_THAT(failed, Not(StatusIs(absl::StatusCode::kInternal)));
}

TEST(MatchersTest, StatusMatchersTakeWhateverLooksLikeGrpcStatus) {
  EXPECT_THAT(GrpcLikeStatus(), StatusIs(absl::StatusCode::kUnavailable, "refused"));
}

TEST(MatchersTest, IsOkAndHoldsLooksAtTheValueAlsoIfItCannotBeCopied) {
  EXPECT_THAT(absl::StatusOr<int>(3), IsOkAndHolds(3));
  EXPECT_THAT(absl::StatusOr<int>(3), Not(IsOkAndHolds(4)));
  EXPECT_THAT(absl::StatusOr<int>(absl::InternalError("")), Not(IsOkAndHolds(3)));
  EXPECT_THAT(absl::StatusOr<std::unique_ptr<int>>(nullptr), IsOkAndHolds(IsNull()));
}

TEST(MatchersTest, HasReasonAndHasOutcomeReadTheErrorsDetails) {
  const absl::Status timeout = Error(Reason::kUpstreamTimeout);
  EXPECT_THAT(timeout, HasReason(Reason::kUpstreamTimeout));
  EXPECT_THAT(timeout, Not(HasReason(Reason::kOverloaded)));
  EXPECT_THAT(absl::StatusOr<int>(timeout), HasOutcome(Outcome::kUnknown));
  EXPECT_THAT(absl::OkStatus(), HasOutcome(Outcome::kApplied));
  EXPECT_THAT(absl::OkStatus(), Not(HasReason(Reason::kInternalError)));
  EXPECT_EQ(DescribeMatcher<absl::Status>(HasReason(Reason::kOverloaded)), "is OVERLOADED");
}

TEST(MatchersTest, EqualsProtoComparesWithTextOrMessageAndTellsTheDifference) {
  google::rpc::Status status;
  status.set_code(5);
  EXPECT_THAT(status, EqualsProto(status));
  EXPECT_THAT(status, EqualsProto("code: 5"));
  EXPECT_THAT(status, Not(EqualsProto("")));
  EXPECT_THAT(Explain(status, EqualsProto("code: 6")), HasSubstr("modified: code: 6 -> 5"));
  EXPECT_THAT(Explain(status, EqualsProto("colour: 6")), HasSubstr("does not parse as a google.rpc.Status"));
}

TEST(MatchersTest, HasHeaderIgnoresTheCaseOfTheNameOnly) {
  const http::Request request{"https://a.test/", {{"Accept", "text/plain"}, {"Accept", "Application/JSON"}}, ""};
  EXPECT_THAT(request, HasHeader("accept", "text/plain"));
  EXPECT_THAT(request, HasHeader("ACCEPT", HasSubstr("JSON")));
  EXPECT_THAT(request.headers, Not(HasHeader("Accept", "application/json")));
  EXPECT_THAT(request, Not(HasHeader("Content-Type", ::testing::_)));
}

}  // namespace
}  // namespace interaction::testing
