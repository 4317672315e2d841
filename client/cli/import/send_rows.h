#pragma once

#include <cstdint>
#include <stop_token>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/cli/import/journal.h"
#include "client/cli/import/plan.h"
#include "client/cli/import/progress.h"
#include "client/cli/import/sender.h"

namespace interaction::cli::import {

struct SendOptions {
  uint64_t rows = 0;   // in the input, for the progress
  uint64_t limit = 0;  // send at most so many; 0: all
  size_t batch = 256;  // rows that are marked in the journal together
  absl::Duration window = absl::Hours(24);
  std::stop_token stop;
};

struct SendOutcome {
  Counts counts;
  absl::Status stopped;  // not OK: why the import could not go on
};

// Sends the rows of `plan` that are to be sent. Each is in the journal, on disk, before it is sent, and so is its
// result soon after. When it is asked to stop, it waits for the calls under way. An error is one of the journal or of
// the input; what was sent is in the journal then, too.
absl::StatusOr<SendOutcome> SendRows(Plan& plan, const Method& method, Journal& journal, Sender& sender,
                                     const SendOptions& options, Progress& progress);

}  // namespace interaction::cli::import
