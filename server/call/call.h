#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/auth/caller.h"
#include "server/auth/policy.h"
#include "server/base/clock.h"
#include "server/base/errors.h"
#include "server/base/outcome.h"
#include "server/lane/cancellation.h"
#include "server/lane/lane.h"
#include "server/limits/admission.h"
#include "server/limits/upstream_limits.h"
#include "server/telemetry/trace_context.h"
#include "server/telemetry/tracer.h"
#include "server/upstream/upstream.h"

namespace interaction::call {

class Observer;

inline constexpr size_t kPhases = static_cast<size_t>(Phase::kDecode) + 1;

// How long a call has spent in each phase.
class PhaseTimes {
 public:
  void Enter(Phase phase, SteadyTime now) {
    Leave(now);
    current_ = phase;
    SteadyTime& began = began_[static_cast<size_t>(phase)];
    if (began == 0) began = now;
  }
  // Ends the current phase without beginning another.
  void Leave(SteadyTime now) {
    if (current_) spent_[static_cast<size_t>(*current_)] += now - since_;
    current_.reset();
    since_ = now;
  }
  // When the call entered the phase first; 0: never.
  SteadyTime Began(Phase phase) const { return began_[static_cast<size_t>(phase)]; }
  absl::Duration In(Phase phase) const { return absl::Nanoseconds(spent_[static_cast<size_t>(phase)]); }

 private:
  std::array<SteadyTime, kPhases> spent_{};
  std::array<SteadyTime, kPhases> began_{};
  std::optional<Phase> current_;
  SteadyTime since_ = 0;
};

// The result of a call.
struct CallResult {
  absl::Status status;         // OK, or an error made with Error: code, reason, outcome, phase
  int attempts = 0;            // requests begun on behalf of this call
  int http_status = 0;         // of the last complete response; 0: none
  std::string interaction_id;  // the vendor's id of the interaction that was opened, if it returns one
  bool replayed = false;       // the answer is that of an earlier or concurrent call with the same request_id
  bool bypassed = false;       // served without a record, because the record store had failed
  size_t reply_bytes = 0;      // of the message, serialized
};

// One call of an RPC, from its arrival to its end. It is made when the call arrives, before anything is parsed, and
// each stage fills in its part. When the transport has taken the answer, or has given up, the observer is told the
// result, once. The work that sends its request shares it and may outlive the caller.
//
// It belongs to its lane: members are read and written on that thread only.
struct Call {
  Call(lane::Lane* its_lane, std::shared_ptr<const upstream::Upstream> its_upstream)
      : lane(its_lane), upstream(std::move(its_upstream)), arrived(its_lane->loop().turn_time()) {}
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  // The trace that the call belongs to; "": none.
  absl::string_view trace_id() const { return tracer ? span.trace_id : trace.trace_id; }
  void Enter(Phase phase) { times.Enter(phase, lane->clock().SteadyNow()); }

  // What arrived ----------------------------------------------------------------------------------------------------
  lane::Lane* const lane;
  const std::shared_ptr<const upstream::Upstream> upstream;  // the snapshot that the call began with
  const limits::UpstreamLimits* limits = nullptr;            // outlives snapshots and lives as long as the lanes
  Observer* observer = nullptr;                              // null: none
  const SteadyTime arrived;
  std::string peer;  // the client, as gRPC writes it: "ipv4:10.0.0.7:53124"
  auth::Caller caller;
  std::shared_ptr<const auth::Rule> rule;     // of the policy, about the caller; null: everybody may call
  bool is_retry = false;                      // the caller has tried before (gRPC A6)
  telemetry::TraceContext trace;              // as the caller sent it
  const telemetry::Tracer* tracer = nullptr;  // null: no spans are made, and the upstream sees the caller's context
  telemetry::Tracer::Started span;            // of the call, if there is a tracer
  lane::Cancellation cancellation;            // the caller is gone, or the server ends

  // What it asks for, once it is understood -----------------------------------------------------------------------
  std::string request_id;    // in canonical form; "": none
  size_t request_bytes = 0;  // of the message, serialized
  std::unique_ptr<const upstream::PreparedRequest> request;
  std::string credential_key;  // identifies the request's credential for limits; never the credential itself
  std::optional<limits::Admission::Place> place;  // among the calls in flight, until the call and its work have ended
  SteadyTime answer_by = kNever;  // the caller's deadline, less the time for the answer: nothing is sent that could not
                                  // be answered by then
  SteadyTime settle_by = kNever;  // when an upstream that has the request must have answered
  SteadyTime send_before = kNever;  // when the record's lease ends: nothing is sent from then on

  // What became of it -----------------------------------------------------------------------------------------------
  telemetry::SpanId attempt_span_id;  // of the request under way, if there is a tracer
  std::string authority;              // the host and port that the last request was sent to; "": none
  CallResult result;
  PhaseTimes times;
};

}  // namespace interaction::call
