#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace interaction::telemetry {

// Events that are counted besides the calls. Each has a name in counters.cc.
enum class Counter {
  // request_id
  kRequestIdReplayed,    // answered from a record
  kRequestIdJoined,      // waited for the same call, in flight here
  kRequestIdReused,      // refused: used for a different request
  kRequestIdInProgress,  // refused: in flight on another replica
  kRequestIdUnknown,     // refused: an earlier call may have been applied
  kRequestIdBypassed,    // served without a record, because the store failed
  kStoreErrors,          // the record store did not answer
  kStoreFull,            // the record store was full
  kLateAnswers,          // an upstream answered after its caller had left
  kStrayResponses,       // an upstream sent bytes on a connection with no request under way
  // limits
  kAdmissionRefused,      // over calls.max_in_flight, per peer, or metadata too large
  kAnswersUnread,         // calls cut off because the client did not read the answer in time
  kPermitQueued,          // waited for a permit of its credential
  kPermitRefused,         // the queue was full or the wait too long
  kPermitExpired,         // the deadline passed in the queue
  kSharedPermitFallback,  // no shared store: the replica's own share was used
  kCredentialParked,      // a credential's daily quota is used up
  // retries and breakers
  kRetries,
  kRetriesWithheld,  // by the retry budget, or because the caller retries itself
  kBreakerOpened,
  kBreakerRefused,
  // callers
  kCallersRefused,    // unauthenticated, or not allowed the RPC
  kCallersLimited,    // over the rate of their rule
  kHandshakesFailed,  // TLS with clients, those that took too long included
  // configuration
  kReloads,
  kReloadsFailed,  // the old configuration stayed
  kCount,          // not a counter
};

struct CounterEntry {
  absl::string_view name;  // for metrics and logs: "request_id_replayed"
  absl::string_view help;  // one sentence
};
const CounterEntry& Describe(Counter counter);

// Counts since the start. Thread-safe; adding takes no lock.
class Counters {
 public:
  void Add(Counter counter, int64_t n = 1) { At(counter).fetch_add(n, std::memory_order_relaxed); }
  int64_t Value(Counter counter) const { return counts_[static_cast<size_t>(counter)].load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t>& At(Counter counter) { return counts_[static_cast<size_t>(counter)]; }

  std::array<std::atomic<int64_t>, static_cast<size_t>(Counter::kCount)> counts_{};
};

}  // namespace interaction::telemetry
