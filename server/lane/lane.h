#pragma once

#include <grpcpp/alarm.h>
#include <grpcpp/completion_queue.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "server/base/clock.h"
#include "server/base/mutex.h"
#include "server/http/client.h"
#include "server/lane/cancellation.h"
#include "server/lane/completion.h"
#include "server/lane/timers.h"
#include "server/lane/watcher.h"

namespace interaction::lane {

// One thread that owns everything a call needs: a gRPC completion queue, an HTTP client with its connections, timers,
// and the calls themselves. A call is accepted, encoded, sent and answered on its lane, so nothing on its way takes a
// lock or wakes another thread.
//
// The thread turns: it drains the completion queue without blocking, lets the HTTP client act, runs due timers and what
// other threads handed over; when a turn found nothing to do for `spin`, it sleeps in the completion queue up to the
// next timer, while the Watcher listens to the HTTP client's sockets for it and wakes it.
//
// All members are for the lane's own thread unless they say "any thread".
class Lane {
 public:
  // `index`: of the lanes of the process, from 0. `clock` and `watcher` outlive the lane.
  Lane(size_t index, std::unique_ptr<grpc::ServerCompletionQueue> queue, std::unique_ptr<http::Client> client,
       absl::Duration spin, const Clock* clock, Watcher* watcher);
  ~Lane();  // after Join()

  // Starts the thread. Any thread, once.
  void Start();

  // Shuts the completion queue down and waits for the thread, which ends when every operation has completed. Call it
  // after grpc::Server::Shutdown(), with no call left and nobody using Execute(). Any thread, once.
  void Join();

  // Runs `work` on the lane, soon. Any thread.
  void Execute(absl::AnyInvocable<void() &&> work);

  // Wakes the lane if it sleeps. Any thread.
  void Wake();

  size_t index() const { return index_; }
  grpc::ServerCompletionQueue* queue() { return queue_.get(); }
  http::Client& http() { return *client_; }
  Timers& timers() { return timers_; }
  const Clock& clock() const { return *clock_; }

 private:
  // The event of the alarm that wakes a sleeping lane.
  class WakeUp final : public Completion {
   public:
    explicit WakeUp(Lane* lane) : lane_(lane) {}
    void Complete(bool ok) override;

   private:
    Lane* const lane_;
  };

  void Run();
  bool DrainQueue();
  bool RunHandedOver();
  void Sleep();
  SteadyTime NextTimer() const;

  const size_t index_;
  const std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  const std::unique_ptr<http::Client> client_;
  const int64_t spin_ns_;
  const Clock* const clock_;
  Watcher* const watcher_;
  Timers timers_;
  bool queue_is_shut_down_ = false;
  std::thread thread_;

  // Waking. An alarm must not be set again before its event was taken from the queue, so `wake_pending_` is cleared
  // only by that event; whoever turns it from false to true sets the alarm.
  WakeUp wake_up_{this};
  grpc::Alarm alarm_;
  std::atomic<bool> wake_pending_{false};

  // Work from other threads. `sleeping_` is true from just before the lane looks for work a last time until it woke up:
  // whoever adds work afterwards sees it and wakes the lane.
  Mutex mutex_;
  std::vector<absl::AnyInvocable<void() &&>> handed_over_ ABSL_GUARDED_BY(mutex_);
  bool sleeping_ ABSL_GUARDED_BY(mutex_) = false;
  std::atomic<bool> has_handed_over_{false};
};

}  // namespace interaction::lane
