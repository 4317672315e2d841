#include "server/rpc/handle.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/errors.h"
#include "server/base/status_macros.h"
#include "server/call/attempt.h"
#include "server/call/deadline.h"
#include "server/call/work.h"

namespace interaction::rpc {
namespace {

using call::Call;
using call::WorkResult;

// What ErrorInfo tells of a call that was served without a record.
constexpr absl::string_view kBypassedKey = "idempotency";
constexpr absl::string_view kBypassedValue = "bypassed";

// Parses, authorizes and validates. A refused call has its request_id for the details of the error, if that is one.
absl::Status ReadRequest(const Arrival& arrival, Call& call) {
  upstream::Preparation prepared = call.upstream->method->Prepare(arrival.message);
  // First the server: whoever may not use it learns nothing about it from other errors.
  absl::Status accepted = call.rule ? auth::CheckServer(*call.rule, call.caller, prepared.server) : absl::OkStatus();
  accepted.Update(prepared.request.status());
  if (!accepted.ok()) {
    call.request_id = RequestIdIfValid(prepared.request_id, arrival.metadata);
    return accepted;
  }
  call.request = *std::move(prepared.request);
  ASSIGN_OR_RETURN(call.request_id,
                   RequestIdOf(prepared.request_id, arrival.metadata, call.upstream->options.require_request_id));
  return absl::OkStatus();
}

absl::Status SetTimes(std::optional<absl::Duration> time_left, Call& call) {
  const upstream::UpstreamOptions& options = call.upstream->options;
  ASSIGN_OR_RETURN(const absl::Duration time,
                   call::TransferTime(time_left, {.default_deadline = options.default_deadline,
                                                  .max_deadline = options.max_deadline}));
  const SteadyTime now = call.lane->loop().turn_time();
  const absl::Duration in_all = std::max(time, std::min(options.max_deadline, time + options.late_answer_time));
  call.answer_by = now + absl::ToInt64Nanoseconds(time);
  call.settle_by = now + absl::ToInt64Nanoseconds(in_all);
  return absl::OkStatus();
}

// Which machine the limit for each peer counts the call for.
std::string PeerOf(const Call& call, const Handling& handling) {
  return handling.admission->counts_peers() ? PeerHost(call.peer) : std::string();
}

// Everything that comes before the first wait.
absl::Status Judge(const Arrival& arrival, const Handling& handling, Call& call) {
  call.times.Enter(Phase::kParse, call.arrived);
  RETURN_IF_ERROR(ReadRequest(arrival, call));
  ASSIGN_OR_RETURN(limits::Admission::Place place,
                   handling.admission->Admit(PeerOf(call, handling), arrival.metadata.bytes));
  call.place.emplace(std::move(place));
  if (!call.request_id.empty() && handling.once == nullptr) {
    return Error(Reason::kRequestIdUnsupported).In(Phase::kValidate);
  }
  RETURN_IF_ERROR(SetTimes(arrival.time_left, call));
  if (call.limits->permits) {
    const Secret& credential = call.request->credential().secret;
    call.credential_key =
        absl::StrCat(call.upstream->name, ":", records::BytesOf((*handling.digest)(credential.Reveal())));
  }
  return absl::OkStatus();
}

// The error of a call whose caller has left while it waited for a stage: nothing is sent, and what its Arrival has
// views of is gone. OK if the caller is still there.
absl::Status CallerIsGone(const Call& call) {
  if (!call.cancellation.cancelled()) return absl::OkStatus();
  return lane::CancelledError(call.cancellation.cause(), /*sent=*/false);
}

std::shared_ptr<call::Work> Start(std::shared_ptr<Call> call, lane::Cancellation* shutdown) {
  auto work = std::make_shared<call::Work>(std::move(call), shutdown);
  call::StartUnrecorded(work);
  return work;
}

absl::StatusOr<std::string> Conclude(WorkResult result, Call& call) {
  call.times.Leave(call.lane->clock().SteadyNow());
  call.result.replayed = result.replayed;
  call.result.bypassed = result.bypassed;
  if (!result.reply.ok()) {
    call.result.status = result.reply.status();
    if (result.bypassed) call.result.status = WithMetadata(call.result.status, kBypassedKey, kBypassedValue);
    return call.result.status;
  }
  call.result.interaction_id = std::move(result.reply->interaction_id);
  call.result.reply_bytes = result.reply->message.size();
  return std::move(result.reply->message);
}

}  // namespace

lane::Task<absl::StatusOr<std::string>> Handle(std::shared_ptr<Call> call, const Arrival* arrival,
                                               const Handling* handling, lane::Cancellation* shutdown) {
  co_await call->lane->Enter(lane::Stage::kParse);
  if (absl::Status gone = CallerIsGone(*call); !gone.ok()) co_return Conclude({.reply = std::move(gone)}, *call);
  if (absl::Status judged = Judge(*arrival, *handling, *call); !judged.ok()) {
    co_return Conclude({.reply = std::move(judged)}, *call);
  }
  co_await call->lane->Enter(lane::Stage::kEncode);
  if (absl::Status gone = CallerIsGone(*call); !gone.ok()) co_return Conclude({.reply = std::move(gone)}, *call);
  if (!call->request_id.empty()) {
    auto once = handling->once->Run(call, shutdown);
    co_return Conclude(co_await once, *call);
  }
  call::WaitForWork wait(call.get(), Start(call, shutdown), /*is_alone=*/true);
  co_return Conclude(co_await wait, *call);
}

}  // namespace interaction::rpc
