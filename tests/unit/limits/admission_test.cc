#include "server/limits/admission.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <utility>
#include <vector>

#include "server/base/errors.h"
#include "tests/support/matchers.h"

namespace interaction::limits {
namespace {

using ::interaction::testing::HasReason;
using ::interaction::testing::IsOk;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Optional;
using ::testing::Pair;

TEST(AdmissionTest, RefusesBeyondItsLimitAndSaysWhenToRetry) {
  Admission admission({.max_in_flight = 2});
  const auto first = admission.Admit("peer", 0);
  const auto second = admission.Admit("peer", 0);
  EXPECT_THAT(first, IsOk());
  EXPECT_THAT(second, IsOk());
  const auto third = admission.Admit("peer", 0);
  EXPECT_THAT(third, HasReason(Reason::kOverloaded));
  EXPECT_THAT(GetErrorDetails(third.status()).retry_after, Optional(absl::Seconds(1)));
}

TEST(AdmissionTest, TakesInAgainWhenAPermitIsGivenBack) {
  Admission admission({.max_in_flight = 1});
  { const auto place = admission.Admit("peer", 0); }
  EXPECT_THAT(admission.Admit("peer", 0), IsOk());
  EXPECT_EQ(admission.in_flight(), 0);
}

TEST(AdmissionTest, CountsAPermitOnceHoweverOftenItMoves) {
  Admission admission({.max_in_flight = 1});
  auto place = admission.Admit("peer", 0);
  const Admission::Place moved(*std::move(place));
  EXPECT_EQ(admission.in_flight(), 1);
}

TEST(AdmissionTest, DoesNotCountWhatItRefused) {
  telemetry::Counters counters;
  Admission admission({.max_in_flight = 1}, &counters);
  const auto place = admission.Admit("peer", 0);
  const auto refused = admission.Admit("peer", 0);
  EXPECT_THAT(refused, HasReason(Reason::kOverloaded));
  EXPECT_THAT(GetErrorDetails(refused.status()).metadata, ElementsAre(Pair("limit", "calls.max_in_flight")));
  EXPECT_EQ(admission.in_flight(), 1);
  EXPECT_EQ(counters.Value(telemetry::Counter::kAdmissionRefused), 1);
}

TEST(AdmissionTest, TakesInEverythingWithoutLimits) {
  Admission admission(AdmissionOptions{});
  std::vector<absl::StatusOr<Admission::Place>> permits;
  for (int i = 0; i < 1000; ++i) permits.push_back(admission.Admit("peer", 1 << 20));
  EXPECT_THAT(permits, Each(IsOk()));
  EXPECT_EQ(admission.in_flight(), 1000);
}

TEST(AdmissionTest, RefusesAPeerBeyondItsLimitButNoOther) {
  Admission admission({.max_in_flight_per_peer = 2});
  const auto first = admission.Admit("one", 0);
  auto second = admission.Admit("one", 0);
  const auto refused = admission.Admit("one", 0);
  EXPECT_THAT(refused, HasReason(Reason::kOverloaded));
  const ErrorDetails details = GetErrorDetails(refused.status());
  EXPECT_THAT(details.metadata, ElementsAre(Pair("limit", "calls.max_in_flight_per_peer")));
  EXPECT_THAT(details.retry_after, Optional(absl::Seconds(1)));
  EXPECT_THAT(admission.Admit("other", 0), IsOk());
  EXPECT_EQ(admission.in_flight(), 2);
  { const Admission::Place ended = *std::move(second); }
  EXPECT_THAT(admission.Admit("one", 0), IsOk());
}

TEST(AdmissionTest, CountsNoPeerForACallThatIsRefusedAnyway) {
  Admission admission({.max_in_flight = 1, .max_in_flight_per_peer = 2});
  {
    const auto place = admission.Admit("one", 0);
    for (int i = 0; i < 3; ++i) EXPECT_THAT(admission.Admit("two", 0), HasReason(Reason::kOverloaded));
  }
  EXPECT_THAT(admission.Admit("two", 0), IsOk());
}

TEST(AdmissionTest, RefusesMoreMetadataThanItsLimit) {
  telemetry::Counters counters;
  Admission admission({.max_metadata_bytes = 8192}, &counters);
  EXPECT_THAT(admission.Admit("peer", 8192), IsOk());
  const auto refused = admission.Admit("peer", 8193);
  EXPECT_THAT(refused, HasReason(Reason::kMetadataTooLarge));
  const ErrorDetails details = GetErrorDetails(refused.status());
  EXPECT_THAT(details.phase, Optional(Phase::kParse));
  EXPECT_THAT(details.metadata, ElementsAre(Pair("limit", "calls.max_metadata_bytes")));
  EXPECT_EQ(counters.Value(telemetry::Counter::kAdmissionRefused), 1);
}

TEST(AdmissionTest, CountsPeersOfManyThreadsExactly) {
  constexpr int kLimit = 3;
  Admission admission({.max_in_flight_per_peer = kLimit});
  std::atomic<int> active{0};
  std::atomic<int> over_limit{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 2000; ++j) {
        const auto one = admission.Admit("shared", 0);
        const auto two = admission.Admit("shared", 0);
        const int mine = one.ok() + two.ok();
        if (active.fetch_add(mine) + mine > kLimit) ++over_limit;
        active.fetch_sub(mine);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(over_limit, 0);
  EXPECT_EQ(admission.in_flight(), 0);
}

}  // namespace
}  // namespace interaction::limits
