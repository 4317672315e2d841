#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "server/base/mutex.h"

namespace interaction::front {

// Threads for the steps of TLS handshakes, each of which takes as much time as many calls, and of which strangers may
// ask for any number. They have a lower priority than the lanes, so that calls go first when there is not enough CPU
// for all. The threads exist once there was a step. Thread-safe.
class HandshakeThreads {
 public:
  using Step = absl::AnyInvocable<void() &&>;

  explicit HandshakeThreads(size_t count) : count_(count) {}
  ~HandshakeThreads() { Stop(); }

  // Runs `step` on one of the threads, in the order of arrival; not any more after Stop().
  void Run(Step step);

  // Drops what has not begun, and ends the threads.
  void Stop();

 private:
  void Work();

  const size_t count_;
  Mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Step> steps_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace interaction::front
