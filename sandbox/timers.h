#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "absl/time/time.h"

namespace interaction::sandbox {

// Runs functions later, all of them on one thread of its own. Thread-safe. The functions must not block.
class Timers {
 public:
  Timers();
  ~Timers();

  // Runs `function` once, `delay` from now; at once, on this thread, after Flush().
  void After(absl::Duration delay, std::function<void()> function);

  // Runs everything that is waiting, on this thread, and ends the other thread.
  void Flush();

 private:
  using Clock = std::chrono::steady_clock;

  void Run();

  std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  std::multimap<Clock::time_point, std::function<void()>> waiting_;
  bool flushed_ = false;
  std::thread thread_;
};

}  // namespace interaction::sandbox
