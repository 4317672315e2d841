#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "server/call/call.h"
#include "server/call/work.h"
#include "server/lane/task.h"
#include "server/upstream/upstream.h"

namespace interaction::call {

// Sends the request of the work's call: waits for a permit of its credential, then makes an attempt, and further ones
// if certainly nothing was opened and limits::RetryPolicy allows it. Yields the vendor's reply, or the error of the
// last attempt, with metadata "attempts" when there was more than one.
//
// The work's cancellation stops it. `work` outlives the task.
lane::Task<absl::StatusOr<upstream::Reply>> Send(Work* work);

// Starts the work of a call without a record, which is Send() and nothing else: like StartWork().
void StartUnrecorded(std::shared_ptr<Work> work);

}  // namespace interaction::call
