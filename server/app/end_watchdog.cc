#include "server/app/end_watchdog.h"

#include <chrono>
#include <utility>

namespace interaction::app {

EndWatchdog::EndWatchdog(absl::Duration limit, std::function<void()> on_late) {
  const auto deadline = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(limit);
  thread_ = std::thread([this, deadline, on_late = std::move(on_late)] {
    {
      const MutexLock lock(&mutex_);
      while (!has_ended_ && changed_.wait_until(mutex_, deadline) != std::cv_status::timeout) {
      }
      if (has_ended_) return;
    }
    on_late();
  });
}

EndWatchdog::~EndWatchdog() {
  {
    const MutexLock lock(&mutex_);
    has_ended_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

}  // namespace interaction::app
