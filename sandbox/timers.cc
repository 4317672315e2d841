#include "sandbox/timers.h"

#include <utility>

namespace interaction::sandbox {

Timers::Timers() : thread_([this] { Run(); }) {}

Timers::~Timers() { Flush(); }

void Timers::After(absl::Duration delay, std::function<void()> function) {
  std::unique_lock lock(mutex_);
  if (flushed_) {
    lock.unlock();
    function();
    return;
  }
  const auto entry = waiting_.emplace(Clock::now() + absl::ToChronoNanoseconds(delay), std::move(function));
  if (entry == waiting_.begin()) changed_.notify_one();
}

void Timers::Flush() {
  std::unique_lock lock(mutex_);
  flushed_ = true;
  auto waiting = std::exchange(waiting_, {});
  lock.unlock();
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
  for (auto& [due, function] : waiting) function();
}

void Timers::Run() {
  std::unique_lock lock(mutex_);
  while (!flushed_) {
    if (waiting_.empty()) {
      changed_.wait(lock);
    } else if (const auto due = waiting_.begin()->first; due > Clock::now()) {
      changed_.wait_until(lock, due);
    } else {
      const auto function = std::move(waiting_.begin()->second);
      waiting_.erase(waiting_.begin());
      lock.unlock();
      function();
      lock.lock();
    }
  }
}

}  // namespace interaction::sandbox
