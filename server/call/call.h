#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/base/clock.h"
#include "server/base/errors.h"
#include "server/base/outcome.h"
#include "server/lane/cancellation.h"
#include "server/lane/lane.h"
#include "server/limits/admission.h"
#include "server/limits/upstream_limits.h"
#include "server/telemetry/trace_context.h"
#include "server/upstream/upstream.h"

namespace interaction::call {

class Observer;

// Who calls, and how that was proven.
struct Caller {
  enum class Proof { kNone, kCertificate };

  Proof proof = Proof::kNone;
  std::string identity;  // "" without proof
};

// How long a call has spent in each phase.
class PhaseTimes {
 public:
  void Enter(Phase phase, SteadyTime now) {
    Leave(now);
    current_ = phase;
  }
  // In no phase from now on.
  void Leave(SteadyTime now) {
    if (current_) spent_[static_cast<size_t>(*current_)] += now - since_;
    current_.reset();
    since_ = now;
  }
  absl::Duration In(Phase phase) const { return absl::Nanoseconds(spent_[static_cast<size_t>(phase)]); }

 private:
  std::array<SteadyTime, static_cast<size_t>(Phase::kDecode) + 1> spent_{};
  std::optional<Phase> current_;
  SteadyTime since_ = 0;
};

// What became of a call.
struct CallResult {
  absl::Status status;         // OK, or an error made with Error: code, reason, outcome, phase
  int attempts = 0;            // requests that were begun on behalf of this call
  int http_status = 0;         // of the last complete response; 0: there was none
  std::string interaction_id;  // what the vendor calls the interaction that was opened, if it says so
  bool replayed = false;       // the answer is that of an earlier call, or of one under way with the same request_id
  bool bypassed = false;       // served without a record, because the store of records had failed
};

// One call of an RPC, from its arrival to its end. A transport makes it when the call arrives, before anything is read;
// the parts fill it in on their way, and what became of it is told to the observer, once, when its answer was taken by
// the transport or given up. The sending of its request may outlive its caller and shares it.
//
// It belongs to its lane: every member is read and written there only.
struct Call {
  Call(lane::Lane* its_lane, std::shared_ptr<const upstream::Upstream> its_upstream)
      : lane(its_lane), upstream(std::move(its_upstream)), arrived(its_lane->clock().SteadyNow()) {}
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  void Enter(Phase phase) { times.Enter(phase, lane->clock().SteadyNow()); }

  // What arrived ----------------------------------------------------------------------------------------------------
  lane::Lane* const lane;
  const std::shared_ptr<const upstream::Upstream> upstream;  // the snapshot that the call began with
  const limits::UpstreamLimits* limits = nullptr;            // what outlives snapshots; as long as the lanes
  Observer* observer = nullptr;                              // null: nobody wants to know
  const SteadyTime arrived;
  std::string peer;  // the machine at the other end of the connection, without its port: "ipv4:10.0.0.7"
  Caller caller;
  bool is_retry = false;  // the caller has tried before (gRPC A6)
  telemetry::TraceContext trace;
  lane::Cancellation cancellation;  // the caller is gone, or the server ends

  // What it asks for, once it is understood -----------------------------------------------------------------------
  std::string request_id;  // in canonical form; "": none
  std::unique_ptr<const upstream::PreparedRequest> request;
  std::string credential_key;  // stands for the request's credential where its use is limited, and never is it
  std::optional<limits::Admission::Place> place;  // among the calls in flight, while the call or its sending lasts
  SteadyTime answer_by = kNever;    // the caller's time: nothing is begun that could not be answered by then
  SteadyTime settle_by = kNever;    // the upstream's time, once the request was sent
  SteadyTime send_before = kNever;  // the lease of the record: nothing is sent from then on

  // What became of it -----------------------------------------------------------------------------------------------
  CallResult result;
  PhaseTimes times;
};

}  // namespace interaction::call
