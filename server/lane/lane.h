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
#include "server/event/poll.h"
#include "server/http/client.h"
#include "server/lane/cancellation.h"
#include "server/lane/timers.h"

namespace interaction::lane {

// One thread that owns everything a call needs: the connections of clients, an HTTP client with its connections,
// timers, and the calls themselves. A call is accepted, encoded, sent and answered on its lane, so nothing on its way
// takes a lock or wakes another thread.
//
// The thread turns: it looks for ready descriptors without blocking, lets the HTTP client act, runs due timers and what
// other threads handed over; when a turn found nothing to do for `spin`, it waits for descriptors up to the next timer.
//
// All members are for the lane's own thread unless they say "any thread".
class Lane {
 public:
  // Something that runs at the end of a turn, when no other work of the turn is left: a connection writes all that
  // became ready for it in one go.
  class EndOfTurn {
   public:
    virtual void OnEndOfTurn() = 0;

   protected:
    ~EndOfTurn() = default;
  };

  // `index`: of the lanes of the process, from 0. `clock` outlives the lane. RESOURCE_EXHAUSTED when the process has no
  // descriptor left.
  static absl::StatusOr<std::unique_ptr<Lane>> Create(size_t index, std::unique_ptr<http::Client> client,
                                                      absl::Duration spin, const Clock* clock);
  ~Lane();  // after Join()

  // Starts the thread. Any thread, once.
  void Start();

  // Runs what was handed over before, then ends the thread and waits for it. Call it with no call and no connection
  // left and nobody using Execute(). Any thread, once.
  void Join();

  // Runs `work` on the lane, soon. Any thread.
  void Execute(absl::AnyInvocable<void() &&> work);

  // Runs it at the end of this turn, or of the next if that end has been reached. Each is listed at most once.
  void RunAtEndOfTurn(EndOfTurn* end) { at_end_of_turn_.push_back(end); }
  void RemoveFromEndOfTurn(EndOfTurn* end);

  size_t index() const { return index_; }
  event::Poll& poll() { return *poll_; }
  http::Client& http() { return *client_; }
  Timers& timers() { return timers_; }
  const Clock& clock() const { return *clock_; }

 private:
  // Ends the wait when the HTTP client has something to do; each turn lets it act in any case.
  struct HttpEvents final : event::Poll::Handler {
    void OnEvents(uint32_t) override {}
  };

  Lane(size_t index, std::unique_ptr<event::Poll> poll, std::unique_ptr<http::Client> client, absl::Duration spin,
       const Clock* clock);

  void Run();
  bool Turn(absl::Duration wait);
  bool RunHandedOver();
  bool FinishTurn();
  void Sleep();
  absl::Duration TimeToNextTimer() const;

  const size_t index_;
  const std::unique_ptr<event::Poll> poll_;
  const std::unique_ptr<http::Client> client_;
  const int64_t spin_ns_;
  const Clock* const clock_;
  HttpEvents http_events_;
  Timers timers_;
  std::vector<EndOfTurn*> at_end_of_turn_;
  std::vector<EndOfTurn*> ending_;  // those of the turn that is ending; null: removed
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
