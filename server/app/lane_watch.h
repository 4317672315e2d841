#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <vector>

#include "absl/time/time.h"
#include "server/base/clock.h"
#include "server/lane/lane.h"

namespace interaction::app {

// Notices lanes that do not turn any more. Thread-safe.
class LaneWatch {
 public:
  // A lane that does not turn for so long is stuck: no work on it takes a hundredth of that.
  static constexpr absl::Duration kPatience = absl::Seconds(10);

  // Both outlive this; the lanes have been started.
  LaneWatch(std::vector<lane::Lane*> lanes, const Clock* clock);

  // Asks each lane for a sign of life. Call it about once a second.
  void Look();

  // The lanes that are stuck, by index.
  std::vector<size_t> Stuck() const;

 private:
  struct Pulse {
    std::atomic<SteadyTime> asked{0};
    std::atomic<bool> answered{true};
  };

  const std::vector<lane::Lane*> lanes_;
  const Clock* const clock_;
  std::vector<std::shared_ptr<Pulse>> pulses_;  // shared with lanes that answer late
};

}  // namespace interaction::app
