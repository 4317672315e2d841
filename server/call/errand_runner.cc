#include "server/call/errand_runner.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/errors.h"
#include "server/base/status_macros.h"
#include "server/lane/operations.h"

namespace interaction::call {
namespace {

// Less than this is too little to send anything that creates something.
constexpr absl::Duration kMinTime = absl::Milliseconds(50);

// How much longer than the transfer another replica is to believe in a permit.
constexpr absl::Duration kPermitMargin = absl::Seconds(5);

// The host and port of a URL that http::JoinUrl() made.
absl::string_view AuthorityOf(absl::string_view url) {
  const size_t start = url.find("://") + 3;
  return url.substr(start, url.find('/', start) - start);
}

std::shared_ptr<Breaker> FindBreaker(const Guards& guards, absl::string_view url, SteadyTime now) {
  return guards.breakers ? guards.breakers->Find(guards.upstream, AuthorityOf(url), now) : nullptr;
}

http::TransferLimits LimitsAt(const Trip& trip, SteadyTime now) {
  // The permit may have come, or a pause ended, at the last moment.
  const absl::Duration timeout = std::max(absl::Nanoseconds(trip.answer_by - now), absl::Milliseconds(1));
  const absl::Duration in_all = absl::Nanoseconds(trip.settle_by - now);
  return {.timeout = timeout,
          .extra_for_answer = std::max(in_all - timeout, absl::ZeroDuration()),
          .send_before = trip.send_before};
}

absl::StatusOr<std::string> ReplyOf(const Trip& trip, const absl::StatusOr<http::Response>& response) {
  RETURN_IF_ERROR(response.status());
  return trip.errand->Decode(*response, trip.lane->clock().WallNow());
}

lane::Task<absl::StatusOr<Permits::Permit>> GetPermit(Flight* flight, const Trip* trip) {
  lane::Lane* const lane = trip->lane;
  const absl::Duration lease = absl::Nanoseconds(trip->settle_by - lane->clock().SteadyNow()) + kPermitMargin;
  auto acquire = trip->guards->permits->Acquire(lane, trip->errand->credential_key(),
                                                trip->answer_by - absl::ToInt64Nanoseconds(kMinTime), lease,
                                                &flight->cancellation());
  co_return co_await acquire;
}

lane::Task<absl::StatusOr<std::string>> Attempt(Flight* flight, const Trip* trip, Permits::Permit* permit) {
  lane::Lane* const lane = trip->lane;
  CO_ASSIGN_OR_RETURN(http::Request request, trip->errand->Encode());
  const SteadyTime start = lane->clock().SteadyNow();
  const std::shared_ptr<Breaker> breaker = FindBreaker(*trip->guards, request.url, start);
  std::optional<Breaker::Pass> pass;
  if (breaker) {
    CO_ASSIGN_OR_RETURN(Breaker::Pass admitted, breaker->Admit(start));
    pass.emplace(std::move(admitted));
  }

  lane::Post post(lane, trip->endpoint, std::move(request), LimitsAt(*trip, start), &flight->cancellation());
  flight->BeginExchange(&post);
  const absl::StatusOr<http::Response> response = co_await post;
  const absl::StatusOr<std::string> reply = ReplyOf(*trip, response);
  const Outcome outcome = OutcomeOf(reply.status());
  flight->EndExchange(outcome);

  if (permit && (response.ok() || outcome == Outcome::kUnknown)) permit->CountUse();
  if (pass) pass->Record(reply.status(), lane->clock().SteadyNow());
  if (permit) permit->Settle(reply.status());
  co_return reply;
}

absl::Status AfterAttempts(const absl::Status& error, int attempts) {
  return attempts == 1 ? error : WithMetadata(error, "attempts", absl::StrCat(attempts));
}

}  // namespace

lane::Task<absl::StatusOr<std::string>> RunErrand(Flight* flight, const Trip* trip) {
  const Guards& guards = *trip->guards;
  lane::Lane* const lane = trip->lane;
  std::optional<Permits::Permit> permit;
  if (guards.permits) {
    auto get = GetPermit(flight, trip);
    CO_ASSIGN_OR_RETURN(Permits::Permit granted, co_await get);
    permit.emplace(std::move(granted));
  }
  RetryBudget::Call budget = guards.retry_budget->Begin(trip->caller_retries);
  for (int attempts = 1;; ++attempts) {
    auto attempt = Attempt(flight, trip, permit ? &*permit : nullptr);
    absl::StatusOr<std::string> reply = co_await attempt;
    if (reply.ok()) {
      budget.Succeed();
      co_return reply;
    }
    const absl::Duration time_left = absl::Nanoseconds(trip->answer_by - lane->clock().SteadyNow());
    const std::optional<absl::Duration> wait =
        guards.retry_policy.Next(reply.status(), attempts, time_left, guards.random());
    if (!wait || flight->IsAbandoned() || !budget.MayRetry()) co_return AfterAttempts(reply.status(), attempts);
    lane::Sleep pause(lane, *wait, &flight->cancellation());
    if (!co_await pause) co_return lane::CancelledError(flight->cancellation().cause(), /*sent=*/false);
  }
}

}  // namespace interaction::call
