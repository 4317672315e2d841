#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/call/call.h"
#include "server/lane/cancellation.h"
#include "server/lane/task.h"
#include "server/limits/admission.h"
#include "server/records/digest.h"
#include "server/records/once.h"
#include "server/rpc/call_metadata.h"

namespace interaction::rpc {

// What handling calls needs, whatever their transport. All of it outlives the calls.
struct Handling {
  limits::Admission* admission;
  records::Once* once;                 // null: no records are kept
  const records::KeyedDigest* digest;  // makes keys of credentials
};

// What a transport knows of a call when its request is complete, besides what it has put into the Call itself.
struct Arrival {
  absl::string_view message;                // the request, serialized; valid until the caller is gone
  CallMetadata metadata;                    // likewise
  std::optional<absl::Duration> time_left;  // to the caller's deadline; nothing: it gave none
};

// The life of a call, from its bytes to its answer: it is read, judged and admitted, which takes no time; then its
// request is sent, once in effect if it has a request_id. Fills in call->result. Yields the serialized reply, or the
// error to answer with, made with Error.
//
// `arrival` outlives it. `shutdown`: of what is in flight on the call's lane.
lane::Task<absl::StatusOr<std::string>> Handle(std::shared_ptr<call::Call> call, const Arrival* arrival,
                                               const Handling* handling, lane::Cancellation* shutdown);

}  // namespace interaction::rpc
