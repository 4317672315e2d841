#pragma once

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/base/clock.h"
#include "server/base/mutex.h"
#include "server/event/loop.h"
#include "server/event/poll.h"
#include "server/event/timers.h"
#include "server/http/client.h"
#include "server/lane/cancellation.h"
#include "server/lane/spin.h"
#include "server/lane/stages.h"
#include "server/telemetry/histogram.h"

namespace interaction::lane {

// One thread that owns everything a call needs: the connections of clients, an HTTP client with its connections,
// timers, and the calls themselves. A call is accepted, encoded, sent and answered on its lane, so nothing on its way
// takes a lock or wakes another thread.
//
// The thread turns: it waits for ready descriptors up to the next timer, lets them act, takes the calls that got on by
// that through their stages, runs due timers and what other threads handed over. While upstreams answer sooner than
// `spin`, it looks for their answers without sleeping.
//
// All members are for the lane's own thread unless they say "any thread".
class Lane {
 public:
  // `index`: of the lanes of the process, from 0. `client` uses `loop`.
  Lane(size_t index, std::unique_ptr<event::Loop> loop, std::unique_ptr<http::Client> client, absl::Duration spin);
  ~Lane();  // after Join()

  // Starts the thread. Any thread, once.
  void Start();

  // Runs what was handed over before, then ends the thread and waits for it. Call it with no call and no connection
  // left and nobody using Execute(). Any thread, once.
  void Join();

  // Runs `work` on the lane, soon. Any thread.
  void Execute(absl::AnyInvocable<void() &&> work);

  size_t index() const { return index_; }
  event::Loop& loop() { return *loop_; }
  event::Poll& poll() { return loop_->poll(); }
  event::Timers& timers() { return loop_->timers(); }
  http::Client& http() { return *client_; }
  const Clock& clock() const { return loop_->clock(); }

  // To await where a call would wait for those of the same turn.
  auto Enter(Stage stage) { return stages_.Enter(stage); }

  // How long the turns took that found work. Any thread.
  telemetry::HistogramValue turns() const { return turns_.Read(); }

 private:
  void Run();
  bool Turn(absl::Duration wait);
  bool RunHandedOver();
  // How long the next turn may wait for descriptors; if at all, Execute() wakes it from now on.
  absl::Duration MaySleep();

  const size_t index_;
  const std::unique_ptr<event::Loop> loop_;
  const std::unique_ptr<http::Client> client_;
  Spin spin_;
  Stages stages_;
  telemetry::Histogram turns_;
  bool stopped_ = false;
  std::thread thread_;

  // Work from other threads. `sleeping_` is true from just before the lane looks for work a last time until it woke up:
  // whoever adds work afterwards sees it and wakes the lane.
  Mutex mutex_;
  std::vector<absl::AnyInvocable<void() &&>> handed_over_ ABSL_GUARDED_BY(mutex_);
  bool sleeping_ ABSL_GUARDED_BY(mutex_) = false;
  std::atomic<bool> has_handed_over_{false};
};

}  // namespace interaction::lane
