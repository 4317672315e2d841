#include "server/call/dispatch.h"

#include <memory>
#include <string>
#include <utility>

#include "server/base/errors.h"
#include "server/base/status_macros.h"

namespace interaction::call {
namespace {

using telemetry::Counter;

// A flight ends by itself at the caller's time as long as nothing was sent, and knows best what took so long; so
// whoever waits lets it speak first.
constexpr SteadyTime kLetFlightSpeak = 1'000'000;

// What is left of the lease must be enough to send, and to be surely earlier than whoever reads the record after it.
constexpr absl::Duration kSendMargin = absl::Seconds(5);

// What ErrorInfo tells of a call that was served without a record.
constexpr absl::string_view kIdempotencyKey = "idempotency";
constexpr absl::string_view kBypassed = "bypassed";

// Everything that a flight needs, since it may outlive its call.
struct Departure {
  std::shared_ptr<Flight> flight;
  Trip trip;
  std::shared_ptr<const Admission::Permit> permit;
  Idempotency* idempotency;  // of a flight with a record
  absl::Duration lease;
  telemetry::Counters* counters;
  telemetry::Logger* log;
};

lane::Task<absl::StatusOr<Answer>> RunUnrecorded(Departure* departure) {
  auto run = RunErrand(departure->flight.get(), &departure->trip);
  CO_ASSIGN_OR_RETURN(std::string reply, co_await run);
  co_return Answer{.reply = std::move(reply)};
}

// The store failed, and the operator would rather have the call served unprotected; the answer says so.
lane::Task<absl::StatusOr<Answer>> RunBypassed(Departure* departure) {
  if (departure->counters) departure->counters->Add(Counter::kRequestIdBypassed);
  auto run = RunUnrecorded(departure);
  absl::StatusOr<Answer> answer = co_await run;
  if (!answer.ok()) co_return WithMetadata(answer.status(), kIdempotencyKey, kBypassed);
  answer->bypassed = true;
  co_return answer;
}

// The work of a flight with a record. Leaves in `trip` until when it may send.
lane::Task<absl::StatusOr<Answer>> RunRecorded(Departure* departure) {
  Idempotency* const idempotency = departure->idempotency;
  Trip& trip = departure->trip;
  const RecordId& record = *departure->flight->record();
  const RecordStore::ClaimRequest request = {record.key, record.fingerprint, idempotency->NewOwner(), departure->lease};
  auto claim = idempotency->Claim(trip.lane, &request);
  absl::StatusOr<RecordStore::Claim> claimed = co_await claim;
  if (claimed.ok() && claimed->result == RecordStore::ClaimResult::kInFlight) {
    auto wait =
        idempotency->WaitForOtherReplica(trip.lane, &request, trip.answer_by, &departure->flight->cancellation());
    claimed = co_await wait;
  }
  absl::StatusOr<std::optional<Answer>> answer =
      idempotency->Conclude(request, std::move(claimed), departure->flight->cancellation());
  if (!answer.ok() && idempotency->Bypasses(answer.status())) {
    auto bypassed = RunBypassed(departure);
    co_return co_await bypassed;
  }
  if (!answer.ok()) co_return answer.status();
  if (*answer) co_return **std::move(answer);

  // The call began before its claim, so the record's lease ends later than this.
  trip.send_before = trip.began + absl::ToInt64Nanoseconds(departure->lease - kSendMargin);
  auto run = RunErrand(departure->flight.get(), &trip);
  absl::StatusOr<std::string> reply = co_await run;
  auto settle = idempotency->Settle(trip.lane, &request, &reply);
  if (const absl::Status settled = co_await settle; !settled.ok() && departure->counters) {
    departure->counters->Add(Counter::kStoreErrors);
  }
  if (!reply.ok()) co_return reply.status();
  co_return Answer{.reply = *std::move(reply)};
}

// The caller has its error already; what really became of the interaction is worth knowing.
void ReportLateAnswer(const Departure& departure, const absl::StatusOr<Answer>& result) {
  if (departure.counters) departure.counters->Add(Counter::kLateAnswers);
  if (departure.log == nullptr) return;
  departure.log->Log(telemetry::LogLevel::kWarning, "answer came after its caller had left",
                     {{"upstream", departure.trip.guards->upstream},
                      {"outcome", OutcomeName(OutcomeOf(result.status()))},
                      {"reason", result.ok() ? "" : Describe(GetErrorDetails(result.status()).reason).name},
                      {"requestId", departure.trip.request_id},
                      {"interactionId", result.ok() ? departure.trip.errand->InteractionId(result->reply) : ""}});
}

lane::Task<void> Fly(Departure departure) {
  auto run = departure.flight->record() ? RunRecorded(&departure) : RunUnrecorded(&departure);
  absl::StatusOr<Answer> result = co_await run;
  if (const auto& record = departure.flight->record()) departure.idempotency->flights().Remove(record->key);
  if (departure.flight->IsAbandoned() && !departure.flight->cancellation().cancelled()) {
    ReportLateAnswer(departure, result);
  }
  departure.flight->Land(std::move(result));
}

// The flight ended because the calls that waited for it had all left. That says nothing about one that came after.
bool WasGivenUp(const absl::StatusOr<Answer>& result) {
  if (result.ok() || OutcomeOf(result.status()) != Outcome::kNotApplied) return false;
  const Reason reason = GetErrorDetails(result.status()).reason;
  return reason == Reason::kCancelledBeforeSend || reason == Reason::kDeadlineBeforeSend;
}

}  // namespace

bool WasBypassed(const absl::StatusOr<Answer>& answer) {
  if (answer.ok()) return answer->bypassed;
  const ErrorDetails details = GetErrorDetails(answer.status());
  const auto entry = details.metadata.find(std::string(kIdempotencyKey));
  return entry != details.metadata.end() && entry->second == kBypassed;
}

lane::Task<absl::StatusOr<Answer>> Dispatch(DispatchContext context, Trip trip, std::optional<RecordId> record,
                                            std::shared_ptr<const Admission::Permit> permit) {
  lane::Lane* const lane = trip.lane;
  const SteadyTime until = trip.answer_by + kLetFlightSpeak;
  const auto make = [&] { return std::make_shared<Flight>(lane, context.shutdown, record); };
  const auto depart = [&](std::shared_ptr<Flight> flight) {
    lane::Spawn(Fly({.flight = std::move(flight),
                     .trip = std::move(trip),
                     .permit = std::move(permit),
                     .idempotency = context.idempotency,
                     .lease = context.lease,
                     .counters = context.counters,
                     .log = context.log}));
  };
  if (!record) {
    const std::shared_ptr<Flight> flight = make();
    depart(flight);
    Landing landing(lane, flight, until, context.cancellation);
    co_return co_await landing;
  }
  while (true) {
    const FlightTable::Boarding boarding = context.idempotency->flights().Board(*record, make);
    if (!boarding.matches) {
      if (context.counters) context.counters->Add(Counter::kRequestIdReused);
      co_return Error(Reason::kRequestIdReused).In(Phase::kStore).ToStatus();
    }
    if (boarding.is_first) depart(boarding.flight);
    Landing landing(lane, boarding.flight, until, context.cancellation);
    absl::StatusOr<Answer> result = co_await landing;
    if (boarding.is_first) co_return result;
    if (WasGivenUp(result) && !context.cancellation->cancelled() && lane->clock().SteadyNow() < trip.answer_by)
      continue;
    if (context.counters) context.counters->Add(Counter::kRequestIdJoined);
    if (result.ok()) result->replayed = true;
    co_return result;
  }
}

}  // namespace interaction::call
