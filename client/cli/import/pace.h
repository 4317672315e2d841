#pragma once

#include "absl/time/time.h"

namespace interaction::cli::import {

// How many calls may be under way, and when the next may start. What the gateway says is followed for all rows: after
// "not within 3 s" no call starts for 3 s, and half as many may be under way; each success lets it grow again.
class Pace {
 public:
  Pace(int jobs, double rate) : jobs_(jobs), allowed_(jobs), rate_(rate) {}  // rate 0: as fast as it goes

  // When the next call may start, at the earliest `now`. InfiniteFuture() while as many as allowed are under way.
  absl::Time Earliest(absl::Time now) const;

  void OnStart(absl::Time now);
  void OnSuccess();
  void OnSlowDown(absl::Time now, absl::Duration pause);
  void OnEnd() { --under_way_; }

  int allowed() const { return static_cast<int>(allowed_); }
  bool paused(absl::Time now) const { return now < paused_until_; }

 private:
  const int jobs_;
  double allowed_;
  const double rate_;  // calls a second
  int under_way_ = 0;
  absl::Time next_ = absl::InfinitePast();
  absl::Time paused_until_ = absl::InfinitePast();
};

}  // namespace interaction::cli::import
