#pragma once

#include <memory>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "server/base/clock.h"
#include "server/event/loop.h"
#include "server/lane/lane.h"
#include "tests/unit/call/scripted_client.h"

namespace interaction::testing {

// A lane that runs, with an HTTP client whose requests the test answers. Its timers go by `clock`, which may stand
// still.
class TestLane {
 public:
  explicit TestLane(const Clock* clock) {
    auto client = std::make_unique<ScriptedClient>();
    http_ = client.get();
    lane_ =
        std::make_unique<lane::Lane>(/*index=*/0, *event::Loop::Create(clock), std::move(client), absl::ZeroDuration());
    lane_->Start();
  }

  ~TestLane() { lane_->Join(); }

  lane::Lane* get() { return lane_.get(); }
  ScriptedClient& http() { return *http_; }

  // Runs `work` on the lane and what follows from it: timers that have come due and work handed over, some rounds of
  // it.
  void Run(absl::AnyInvocable<void() &&> work) {
    RunAlone(std::move(work));
    for (int i = 0; i < kRounds; ++i) {
      RunAlone([] {});
    }
  }

 private:
  static constexpr int kRounds = 8;

  void RunAlone(absl::AnyInvocable<void() &&> work) {
    absl::Notification done;
    lane_->Execute([&] {
      std::move(work)();
      done.Notify();
    });
    done.WaitForNotification();
  }

  ScriptedClient* http_ = nullptr;
  std::unique_ptr<lane::Lane> lane_;
};

}  // namespace interaction::testing
