#include "client/cli/import/pace.h"

#include <algorithm>

namespace interaction::cli::import {

absl::Time Pace::Earliest(absl::Time now) const {
  if (under_way_ >= allowed()) return absl::InfiniteFuture();
  return std::max({now, next_, paused_until_});
}

void Pace::OnStart(absl::Time now) {
  ++under_way_;
  if (rate_ > 0) next_ = std::max(next_, now) + absl::Seconds(1 / rate_);
}

void Pace::OnSuccess() { allowed_ = std::min<double>(jobs_, allowed_ + 1 / allowed_); }

void Pace::OnSlowDown(absl::Time now, absl::Duration pause) {
  // The calls that were under way are told the same thing: they count as one.
  if (!paused(now)) allowed_ = std::max(1.0, allowed_ / 2);
  paused_until_ = std::max(paused_until_, now + pause);
}

}  // namespace interaction::cli::import
