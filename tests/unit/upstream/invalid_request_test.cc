#include "server/upstream/invalid_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/matchers.h"

namespace interaction::upstream {
namespace {

using ::interaction::testing::HasOutcome;
using ::interaction::testing::HasReason;
using ::interaction::testing::IsOk;
using ::interaction::testing::StatusIs;
using ::testing::ElementsAre;

TEST(InvalidRequestTest, NothingWrongIsOk) { EXPECT_THAT(InvalidRequest({}), IsOk()); }

TEST(InvalidRequestTest, AViolationIsAnInvalidRequestOfWhichNothingWasApplied) {
  const absl::Status status = InvalidRequest({{"sender", "must not be empty"}});
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(status, HasReason(Reason::kInvalidRequest));
  EXPECT_THAT(status, HasOutcome(Outcome::kNotApplied));
  EXPECT_THAT(GetErrorDetails(status).field_violations, ElementsAre(FieldViolation{"sender", "must not be empty"}));
}

}  // namespace
}  // namespace interaction::upstream
