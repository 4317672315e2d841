#include "server/call/admission.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <utility>

#include "server/base/errors.h"
#include "tests/support/matchers.h"

namespace interaction::call {
namespace {

using ::interaction::testing::HasReason;
using ::interaction::testing::IsOk;
using ::testing::Optional;

TEST(AdmissionTest, RefusesBeyondItsLimitAndSaysWhenToRetry) {
  Admission admission(2);
  const auto first = admission.Admit();
  const auto second = admission.Admit();
  EXPECT_THAT(first, IsOk());
  EXPECT_THAT(second, IsOk());
  const auto third = admission.Admit();
  EXPECT_THAT(third, HasReason(Reason::kOverloaded));
  EXPECT_THAT(GetErrorDetails(third.status()).retry_after, Optional(absl::Seconds(1)));
}

TEST(AdmissionTest, TakesInAgainWhenAPermitIsGivenBack) {
  Admission admission(1);
  { const auto permit = admission.Admit(); }
  EXPECT_THAT(admission.Admit(), IsOk());
  EXPECT_EQ(admission.in_flight(), 0);
}

TEST(AdmissionTest, CountsAPermitOnceHoweverOftenItMoves) {
  Admission admission(1);
  auto permit = admission.Admit();
  const Admission::Permit moved(*std::move(permit));
  EXPECT_EQ(admission.in_flight(), 1);
}

TEST(AdmissionTest, DoesNotCountWhatItRefused) {
  Admission admission(0);
  EXPECT_THAT(admission.Admit(), HasReason(Reason::kOverloaded));
  EXPECT_EQ(admission.in_flight(), 0);
}

}  // namespace
}  // namespace interaction::call
