#include "server/app/process.h"

#include <google/protobuf/stubs/logging.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"

extern char** environ;

namespace interaction::app {
namespace {

// For lanes, the resolver, Redis and libraries: enough on machines with up to 32 cores.
constexpr rlim_t kDescriptorsOfItsOwn = 256;

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
  // Debian builds abseil with deadlock detection, which costs a seventh of a call's CPU time inside gRPC.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  // Protobuf prints a line for every request that does not parse; the caller gets an error instead.
  google::protobuf::SetLogHandler(nullptr);
}

void WarnOfFewDescriptors(const config::Calls& calls, telemetry::Logger* log) {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  const rlim_t needed = kDescriptorsOfItsOwn + 2 * static_cast<rlim_t>(calls.max_in_flight);
  if (files.rlim_cur >= needed) return;
  const rlim_t enough_for = files.rlim_cur > kDescriptorsOfItsOwn ? (files.rlim_cur - kDescriptorsOfItsOwn) / 2 : 1;
  log->Log(telemetry::LogLevel::kWarning, "calls.max_in_flight needs more files than this process may open",
           {{"limit", files.rlim_cur},
            {"needed", needed},
            {"text", absl::StrCat("raise the hard limit (LimitNOFILE, ulimit -Hn) or set calls.max_in_flight to ",
                                  std::max<rlim_t>(enough_for, 1), " or less")}});
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

}  // namespace interaction::app
