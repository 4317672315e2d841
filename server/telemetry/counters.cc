#include "server/telemetry/counters.h"

namespace interaction::telemetry {
namespace {

// In the order of the enum.
constexpr std::array<CounterEntry, static_cast<size_t>(Counter::kCount)> kEntries = {{
    {"request_id_replayed", "Calls answered from the record of an earlier call with the same request_id."},
    {"request_id_joined", "Calls that waited for the same call, in flight in this replica."},
    {"request_id_reused", "Calls refused because their request_id was used for a different request."},
    {"request_id_in_progress", "Calls refused because the same call was in flight on another replica."},
    {"request_id_unknown", "Calls refused because an earlier call with the same request_id may have been applied."},
    {"request_id_bypassed", "Calls served without a record, because the record store had failed."},
    {"store_errors", "Times that the record store did not answer."},
    {"store_full", "Calls refused because the record store was full."},
    {"late_answers", "Answers of upstreams that came after their callers had left."},
    {"stray_responses", "Times that an upstream sent bytes on a connection with no request under way."},
    {"admission_refused",
     "Calls refused because too many were in flight, in all or of one peer, or their metadata was too large."},
    {"answers_unread", "Calls cut off because the client did not read the answer in time."},
    {"permit_queued", "Calls that waited for a permit of their credential."},
    {"permit_refused", "Calls refused because the line for their credential was full or too long."},
    {"permit_expired", "Calls whose deadline passed in the line for their credential."},
    {"shared_permit_fallback",
     "Calls that got a permit from the replica's own share, because the shared store did not answer."},
    {"credential_parked", "Times that the daily quota of a credential was used up."},
    {"retries", "Attempts that were retries."},
    {"retries_withheld", "Retries not made, because of the retry budget or because the caller retries itself."},
    {"breaker_opened", "Times that a circuit breaker opened."},
    {"breaker_refused", "Attempts refused by an open circuit breaker."},
    {"callers_refused", "Calls refused because their caller was not authenticated or not allowed the RPC."},
    {"callers_limited", "Calls refused because their caller was over the rate of its rule."},
    {"handshakes_failed", "TLS handshakes with clients that failed, those that took too long included."},
    {"reloads", "Times that the configuration was reloaded."},
    {"reloads_failed", "Times that a changed configuration could not be used, and the old one stayed."},
}};

static_assert(!kEntries.back().name.empty(), "a counter has no entry");

}  // namespace

const CounterEntry& Describe(Counter counter) { return kEntries[static_cast<size_t>(counter)]; }

}  // namespace interaction::telemetry
