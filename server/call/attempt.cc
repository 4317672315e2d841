#include "server/call/attempt.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/errors.h"
#include "server/base/status_macros.h"
#include "server/call/observer.h"
#include "server/http/client.h"
#include "server/http/url.h"
#include "server/lane/operations.h"
#include "server/limits/breaker.h"
#include "server/limits/permits.h"
#include "server/limits/retry.h"

namespace interaction::call {
namespace {

using limits::Breaker;
using limits::Permits;

// Less time than this is too little to send a request that creates something.
constexpr absl::Duration kMinTime = absl::Milliseconds(50);

// How much longer than the request its permit counts as used, for other replicas.
constexpr absl::Duration kPermitMargin = absl::Seconds(5);

std::shared_ptr<Breaker> FindBreaker(const Call& call, SteadyTime now) {
  limits::Breakers* const breakers = call.limits->breakers;
  return breakers ? breakers->Find(call.upstream->name, call.authority, now) : nullptr;
}

// The trace as the upstream sees it where spans are made: its spans are children of the attempt's.
telemetry::TraceContext ContextOfAttempt(Call& call) {
  call.attempt_span_id = call.tracer->NewSpanId();
  telemetry::TraceContext context{.trace_id = call.span.trace_id,
                                  .span_id = call.attempt_span_id,
                                  .parent_span_id = call.span.span_id,
                                  .tracestate = call.trace.tracestate,
                                  .request_id = call.trace.request_id,
                                  .sampling = call.trace.sampling};
  const bool is_debug = context.sampling == telemetry::Sampling::kDebug;
  if (!is_debug) context.sampling = call.span.is_recorded ? telemetry::Sampling::kYes : telemetry::Sampling::kNo;
  return context;
}

absl::StatusOr<http::Request> Encode(Call& call) {
  ASSIGN_OR_RETURN(http::Request request, call.request->Encode());
  const auto add = [&](absl::string_view name, std::string value) {
    request.headers.push_back({std::string(name), std::move(value)});
  };
  const bool with_b3 = call.upstream->options.propagate_b3;
  if (call.tracer == nullptr) {
    telemetry::AppendHeaders(call.trace, with_b3, add);
  } else {
    telemetry::AppendHeaders(ContextOfAttempt(call), with_b3, add);
  }
  return request;
}

http::TransferLimits LimitsAt(const Call& call, SteadyTime now) {
  // The permit may have been given, or the pause may have ended, at the last moment.
  const absl::Duration timeout = std::max(absl::Nanoseconds(call.answer_by - now), absl::Milliseconds(1));
  const absl::Duration in_all = absl::Nanoseconds(call.settle_by - now);
  return {.timeout = timeout,
          .extra_for_answer = std::max(in_all - timeout, absl::ZeroDuration()),
          .send_before = call.send_before};
}

absl::StatusOr<upstream::Reply> Decode(const Call& call, const absl::StatusOr<http::Response>& response) {
  RETURN_IF_ERROR(response.status());
  return call.request->Decode(*response, call.lane->clock().WallNow());
}

lane::Task<absl::StatusOr<Permits::Permit>> GetPermit(Work* work) {
  Call& call = *work->call();
  call.Enter(Phase::kQueue);
  const absl::Duration lease = absl::Nanoseconds(call.settle_by - call.lane->clock().SteadyNow()) + kPermitMargin;
  auto acquire =
      call.limits->permits->Acquire(call.lane, call.credential_key, call.answer_by - absl::ToInt64Nanoseconds(kMinTime),
                                    lease, &work->cancellation());
  co_return co_await acquire;
}

void Report(const Work& work, SteadyTime began, SteadyTime ended, const absl::StatusOr<upstream::Reply>& reply) {
  const Call& call = *work.call();
  if (call.observer == nullptr) return;
  call.observer->OnAttemptEnd(call, {.number = call.result.attempts,
                                     .status = reply.status(),
                                     .http_status = call.result.http_status,
                                     .interaction_id = reply.ok() ? absl::string_view(reply->interaction_id) : "",
                                     .duration = absl::Nanoseconds(ended - began),
                                     .is_late = work.IsAbandoned()});
}

// Breaker, encode, POST, decode.
lane::Task<absl::StatusOr<upstream::Reply>> Attempt(Work* work, Permits::Permit* permit) {
  Call& call = *work->call();
  lane::Lane* const lane = call.lane;
  CO_ASSIGN_OR_RETURN(http::Request request, Encode(call));
  const SteadyTime start = lane->clock().SteadyNow();
  call.times.Enter(Phase::kWait, start);
  call.authority = std::string(http::AuthorityOf(request.url));
  const std::shared_ptr<Breaker> breaker = FindBreaker(call, start);
  std::optional<Breaker::Pass> pass;
  if (breaker) {
    CO_ASSIGN_OR_RETURN(Breaker::Pass admitted, breaker->Admit(start));
    pass.emplace(std::move(admitted));
  }

  ++call.result.attempts;
  lane::Post post(lane, call.upstream->endpoints[lane->index()], &request, LimitsAt(call, start),
                  &work->cancellation());
  work->BeginRequest(&post);
  co_await lane->Enter(lane::Stage::kSend);
  const absl::StatusOr<http::Response>& response = co_await post;
  call.result.http_status = response.ok() ? response->status : 0;
  absl::StatusOr<upstream::Reply> reply = Decode(call, response);
  const Outcome outcome = OutcomeOf(reply.status());
  work->EndRequest(outcome);
  if (response.ok()) co_await lane->Enter(lane::Stage::kConclude);

  if (permit && (response.ok() || outcome == Outcome::kUnknown)) permit->CountUse();
  const SteadyTime end = lane->clock().SteadyNow();
  if (pass) pass->Record(reply.status(), end);
  if (permit) permit->Settle(reply.status());
  Report(*work, start, end, reply);
  co_return reply;
}

lane::Task<void> PerformUnrecorded(std::shared_ptr<Work> work) {
  auto send = Send(work.get());
  absl::StatusOr<upstream::Reply> reply = co_await send;
  work->Finish({.reply = std::move(reply)});
}

absl::Status AfterAttempts(const absl::Status& error, int attempts) {
  return attempts == 1 ? error : WithMetadata(error, "attempts", absl::StrCat(attempts));
}

}  // namespace

lane::Task<absl::StatusOr<upstream::Reply>> Send(Work* work) {
  Call& call = *work->call();
  const limits::UpstreamLimits& limits = *call.limits;
  std::optional<Permits::Permit> permit;
  if (limits.permits) {
    auto get = GetPermit(work);
    CO_ASSIGN_OR_RETURN(Permits::Permit granted, co_await get);
    permit.emplace(std::move(granted));
  }
  limits::RetryBudget::Call budget = limits.retry_budget->Begin(call.is_retry);
  for (int attempts = 1;; ++attempts) {
    auto attempt = Attempt(work, permit ? &*permit : nullptr);
    absl::StatusOr<upstream::Reply> reply = co_await attempt;
    if (reply.ok()) {
      budget.Succeed();
      co_return reply;
    }
    const absl::Duration time_left = absl::Nanoseconds(call.answer_by - call.lane->clock().SteadyNow());
    const std::optional<absl::Duration> wait =
        limits.retry_policy.Next(reply.status(), attempts, time_left, limits.random());
    if (!wait || work->IsAbandoned() || !budget.MayRetry()) co_return AfterAttempts(reply.status(), attempts);
    call.Enter(Phase::kQueue);
    lane::Sleep pause(call.lane, *wait, &work->cancellation());
    if (!co_await pause) co_return lane::CancelledError(work->cancellation().cause(), /*sent=*/false);
  }
}

void StartUnrecorded(std::shared_ptr<Work> work) { lane::Spawn(PerformUnrecorded(std::move(work))); }

}  // namespace interaction::call
