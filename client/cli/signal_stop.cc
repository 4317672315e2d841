#include "client/cli/signal_stop.h"

#include <semaphore.h>

#include <atomic>
#include <cerrno>

namespace interaction::cli {
namespace {

// What a handler may touch: it cannot request a stop by itself, because that takes locks.
std::atomic<int> received_signal{0};
sem_t wake_up;
static_assert(std::atomic<int>::is_always_lock_free);

void OnSignal(int signal) {
  const int error = errno;
  received_signal = signal;
  sem_post(&wake_up);
  errno = error;
}

}  // namespace

SignalStop::SignalStop() {
  received_signal = 0;
  sem_init(&wake_up, /*pshared=*/0, 0);
  waiter_ = std::thread([this] {
    while (sem_wait(&wake_up) != 0) {
    }
    if (received() != 0) source_.request_stop();
  });
  struct sigaction action = {};
  action.sa_handler = &OnSignal;
  action.sa_flags = SA_RESTART | static_cast<int>(SA_RESETHAND);
  for (size_t i = 0; i < kSignals.size(); ++i) {
    sigaction(kSignals[i], nullptr, &before_[i]);
    if (before_[i].sa_handler != SIG_IGN) sigaction(kSignals[i], &action, nullptr);
  }
}

SignalStop::~SignalStop() {
  for (size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &before_[i], nullptr);
  sem_post(&wake_up);
  waiter_.join();
}

int SignalStop::received() const { return received_signal; }

}  // namespace interaction::cli
