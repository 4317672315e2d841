#pragma once

#include <signal.h>

#include <array>
#include <stop_token>
#include <thread>

namespace interaction::cli {

// While it lives, SIGINT, SIGTERM and SIGHUP ask for a stop instead of ending the process, so that a call in flight can
// end and report what is known about its outcome. A second signal of the same kind ends the process, and a signal that
// the process ignores stays ignored. One object at a time.
class SignalStop {
 public:
  SignalStop();
  ~SignalStop();
  SignalStop(const SignalStop&) = delete;
  SignalStop& operator=(const SignalStop&) = delete;

  std::stop_token token() const { return source_.get_token(); }
  int received() const;  // the last signal, 0 if there was none

 private:
  static constexpr std::array<int, 3> kSignals = {SIGINT, SIGTERM, SIGHUP};

  std::stop_source source_;
  std::array<struct sigaction, kSignals.size()> before_;
  std::thread waiter_;
};

}  // namespace interaction::cli
