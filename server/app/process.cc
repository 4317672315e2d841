#include "server/app/process.h"

#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstring>

#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"

extern char** environ;

namespace interaction::app {
namespace {

telemetry::Logger* grpc_log = nullptr;  // gRPC's hook is a plain function, so its target cannot be a parameter

void LogForGrpc(gpr_log_func_args* args) {
  if (args->severity != GPR_LOG_SEVERITY_ERROR) return;
  grpc_log->Log(telemetry::LogLevel::kError, "grpc", {{"text", args->message}});
}

sigset_t EndSet() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

}  // namespace

void PrepareProcess() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  prctl(PR_SET_DUMPABLE, 0);
  // gRPC's default poller is one for the process; with it one lane would read for the others and wake them.
  setenv("GRPC_POLL_STRATEGY", "poll", /*replace=*/0);
  // Debian builds abseil with deadlock detection, which costs a seventh of a call's CPU inside gRPC.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  // Protobuf prints a line for every request that does not parse; the caller is told instead.
  google::protobuf::SetLogHandler(nullptr);
}

void RedirectGrpcLog(telemetry::Logger* log) {
  grpc_log = log;
  gpr_set_log_function(log == nullptr ? nullptr : LogForGrpc);
}

std::vector<std::pair<std::string, std::string>> Environment() {
  std::vector<std::pair<std::string, std::string>> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const absl::string_view text(*entry);
    const size_t equals = text.find('=');
    if (equals != absl::string_view::npos) variables.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

EndSignals::EndSignals() {
  const sigset_t set = EndSet();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

int EndSignals::Wait(absl::Duration timeout) const {
  const sigset_t set = EndSet();
  if (timeout == absl::InfiniteDuration()) {
    int signal = 0;
    return sigwait(&set, &signal) == 0 ? signal : 0;
  }
  const timespec wait = absl::ToTimespec(timeout);
  const int signal = sigtimedwait(&set, nullptr, &wait);
  return signal > 0 ? signal : 0;
}

void EndSignals::Restore() const {
  const sigset_t set = EndSet();
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

}  // namespace interaction::app
