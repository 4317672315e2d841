#pragma once

#include <condition_variable>
#include <functional>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "server/base/mutex.h"

namespace interaction::app {

// Sees to it that the end comes to an end: unless it is destroyed before, `on_late` is called after `limit`, on a
// thread of its own. For what must not happen, such as a thread that does not stop.
class EndWatchdog {
 public:
  EndWatchdog(absl::Duration limit, std::function<void()> on_late);
  ~EndWatchdog();

 private:
  Mutex mutex_;
  std::condition_variable_any changed_;
  bool has_ended_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace interaction::app
