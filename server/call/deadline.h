#pragma once

#include <optional>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace interaction::call {

struct DeadlineOptions {
  absl::Duration default_deadline = absl::Seconds(30);  // of a call that brings none
  absl::Duration max_deadline = absl::Seconds(120);     // a longer one is cut to this
};

// How long a transfer upstream may take: what the caller gives (nothing: the default), at most the maximum, less a
// margin in which the answer travels back: 5 %, between 20 and 250 ms.
//
//   TransferTime(absl::Seconds(10), {}) == 9.75 s
//
// DEADLINE_BEFORE_SEND when less than 50 ms are left: too little to send anything that creates something.
absl::StatusOr<absl::Duration> TransferTime(std::optional<absl::Duration> left, const DeadlineOptions& options);

}  // namespace interaction::call
