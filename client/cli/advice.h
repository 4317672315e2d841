#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "interaction/client.h"

namespace interaction::cli {

// What the caller should do next, as a sentence without a full stop. `error` is GetCallError(status), and `request_id`
// the call's own, empty if it had none.
//
// If the outcome is unknown: without a request_id, check at the vendor; with one, repeat the call unchanged. If it is
// not_applied, the reason decides: only some calls should be repeated, after the delay that the error names.
std::string NextStep(const absl::Status& status, const CallError& error, absl::string_view request_id);

// The command to run next, where one helps: the same call again (`again`, the command line that makes it), or what
// explains the reason.
std::string NextCommand(const absl::Status& status, const CallError& error, absl::string_view request_id,
                        absl::string_view again);

// Whether the same call, made again later, can succeed though nobody corrects anything. Of errors with the outcome
// not_applied.
bool MayRepeat(const absl::Status& status, const CallError& error);

// Whether NextStep() knows `reason`. For others it uses outcome and code alone.
bool IsKnownReason(absl::string_view reason);

}  // namespace interaction::cli
