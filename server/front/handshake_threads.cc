#include "server/front/handshake_threads.h"

#include <sys/resource.h>
#include <unistd.h>

#include <utility>

namespace interaction::front {
namespace {

// The lowest priority: a sixtieth of a lane's share of a core that both want. With 15, a flood of handshakes trebled
// the p99 of calls on one core; with 19 it is 1.4 times as high.
constexpr int kNice = 19;

}  // namespace

void HandshakeThreads::Run(Step step) {
  const MutexLock lock(&mutex_);
  if (stopped_) return;
  steps_.push_back(std::move(step));
  if (threads_.size() < count_) threads_.emplace_back([this] { Work(); });
  changed_.notify_one();
}

void HandshakeThreads::Stop() {
  std::vector<std::thread> threads;
  std::deque<Step> dropped;
  {
    const MutexLock lock(&mutex_);
    stopped_ = true;
    threads.swap(threads_);
    dropped.swap(steps_);
    changed_.notify_all();
  }
  for (std::thread& thread : threads) thread.join();
}

void HandshakeThreads::Work() {
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNice);  // Linux takes a thread for a process here
  mutex_.lock();
  while (!stopped_) {
    if (steps_.empty()) {
      changed_.wait(mutex_);
      continue;
    }
    Step step = std::move(steps_.front());
    steps_.pop_front();
    mutex_.unlock();
    std::move(step)();
    step = nullptr;
    mutex_.lock();
  }
  mutex_.unlock();
}

}  // namespace interaction::front
