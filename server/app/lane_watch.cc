#include "server/app/lane_watch.h"

#include <utility>

namespace interaction::app {

LaneWatch::LaneWatch(std::vector<lane::Lane*> lanes, const Clock* clock) : lanes_(std::move(lanes)), clock_(clock) {
  for (size_t i = 0; i < lanes_.size(); ++i) pulses_.push_back(std::make_shared<Pulse>());
}

void LaneWatch::Look() {
  for (size_t i = 0; i < lanes_.size(); ++i) {
    if (!pulses_[i]->answered.exchange(false)) continue;  // it has been asked, and has not answered yet
    pulses_[i]->asked = clock_->SteadyNow();
    lanes_[i]->Execute([pulse = pulses_[i]] { pulse->answered = true; });
  }
}

std::vector<size_t> LaneWatch::Stuck() const {
  std::vector<size_t> stuck;
  const SteadyTime latest = clock_->SteadyNow() - absl::ToInt64Nanoseconds(kPatience);
  for (size_t i = 0; i < pulses_.size(); ++i) {
    if (!pulses_[i]->answered && pulses_[i]->asked < latest) stuck.push_back(i);
  }
  return stuck;
}

}  // namespace interaction::app
