#include "server/app/signals.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"

namespace interaction::app {
namespace {

// LXC sends SIGPWR to stop containers; SIGXCPU is sent when a limit on CPU time is used up, before SIGKILL.
constexpr int kEnds[] = {SIGTERM, SIGINT, SIGQUIT, SIGPWR, SIGXCPU};

// Other signals that end a process by default. Those from SIGRTMIN on are added.
constexpr int kMeansNothing[] = {SIGHUP, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGSTKFLT};

template <typename Signals>
void Add(const Signals& signals, sigset_t* set) {
  for (const int signal : signals) sigaddset(set, signal);
}

sigset_t Ends() {
  sigset_t set;
  sigemptyset(&set);
  Add(kEnds, &set);
  return set;
}

sigset_t Blocked() {
  sigset_t set = Ends();
  Add(kMeansNothing, &set);
  for (int signal = SIGRTMIN; signal <= SIGRTMAX; ++signal) sigaddset(&set, signal);
  return set;
}

std::string NameOf(int signal) {
  const char* const name = sigabbrev_np(signal);
  return name == nullptr ? absl::StrCat("SIGRTMIN+", signal - SIGRTMIN) : absl::StrCat("SIG", name);
}

}  // namespace

Signals::Signals(const Clock* clock, telemetry::Logger* log) : clock_(clock), log_(log) {
  const sigset_t blocked = Blocked();
  pthread_sigmask(SIG_BLOCK, &blocked, nullptr);
  // The log file has reached its size limit: a line is lost instead of the process.
  signal(SIGXFSZ, SIG_IGN);
}

Signals::Event Signals::Wait(absl::Duration timeout) const {
  const sigset_t blocked = Blocked();
  const SteadyTime start = clock_->SteadyNow();
  while (true) {
    const absl::Duration left = timeout - absl::Nanoseconds(clock_->SteadyNow() - start);
    // sigtimedwait cannot wait without limit, so it waits a day at a time.
    const timespec wait = absl::ToTimespec(std::clamp(left, absl::ZeroDuration(), absl::Hours(24)));
    const int signal = sigtimedwait(&blocked, nullptr, &wait);
    if (signal == SIGHUP) return {Wish::kReload, NameOf(signal)};
    if (std::find(std::begin(kEnds), std::end(kEnds), signal) != std::end(kEnds)) return {Wish::kEnd, NameOf(signal)};
    if (signal > 0) {
      log_->Log(telemetry::LogLevel::kWarning, "signal ignored", {{"signal", NameOf(signal)}});
    } else if (left <= absl::ZeroDuration()) {
      return {Wish::kNone, ""};
    }
  }
}

std::string Signals::WaitForEnd(absl::Duration timeout) const {
  const SteadyTime start = clock_->SteadyNow();
  while (true) {
    const Event event = Wait(timeout - absl::Nanoseconds(clock_->SteadyNow() - start));
    if (event.wish != Wish::kReload) return event.signal;
    log_->Log(telemetry::LogLevel::kWarning, "signal ignored",
              {{"signal", event.signal}, {"text", "the server is shutting down"}});
  }
}

void Signals::LetThemKill() const {
  const sigset_t ends = Ends();
  pthread_sigmask(SIG_UNBLOCK, &ends, nullptr);
}

}  // namespace interaction::app
