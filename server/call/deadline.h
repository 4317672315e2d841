#pragma once

#include <optional>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace interaction::call {

struct DeadlineOptions {
  absl::Duration default_deadline = absl::Seconds(30);  // of a call that sets none
  absl::Duration max_deadline = absl::Seconds(120);     // longer ones are shortened to this
};

// How long a request to the upstream may take: the caller's time (nothing: the default), at most the maximum, less a
// margin for the answer to travel back, which is 5 % but between 20 and 250 ms.
//
//   TransferTime(absl::Seconds(10), {}) == 9.75 s
//
// DEADLINE_BEFORE_SEND if less than 50 ms are left, which is too little to send a request that creates something.
absl::StatusOr<absl::Duration> TransferTime(std::optional<absl::Duration> left, const DeadlineOptions& options);

}  // namespace interaction::call
