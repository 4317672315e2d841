#include "server/app/process.h"

#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "server/base/clock.h"
#include "server/telemetry/line_limit.h"

extern char** environ;

namespace interaction::app {
namespace {

// For lanes, the resolver, Redis and libraries: enough on machines with up to 32 cores.
constexpr rlim_t kDescriptorsOfItsOwn = 256;

telemetry::Logger* grpc_log = nullptr;  // gRPC's hook is a plain function, so its target cannot be a parameter

constexpr int kGrpcLinesASecond = 10;

// gRPC logs these as errors, but the cause is an invalid request of a client.
bool IsCallersDoing(absl::string_view text) {
  return absl::StartsWith(text, "Error parsing metadata:") || absl::StartsWith(text, "Compression algorithm ");
}

// Clients can make gRPC log at any rate, so lines are limited, and they never contain what the client sent.
void LogForGrpc(gpr_log_func_args* args) {
  static telemetry::LineLimit callers_limit(kGrpcLinesASecond), others_limit(kGrpcLinesASecond);
  if (args->severity != GPR_LOG_SEVERITY_ERROR) return;
  const absl::string_view text = args->message;
  const bool by_caller = IsCallersDoing(text);
  telemetry::LineLimit& limit = by_caller ? callers_limit : others_limit;
  if (limit.Judge(RealClock().SteadyNow()) != telemetry::LineLimit::Verdict::kWrite) return;
  const auto level = by_caller ? telemetry::LogLevel::kInfo : telemetry::LogLevel::kError;
  if (const int64_t left_out = limit.TakeLeftOut(); left_out > 0) {
    grpc_log->Log(level, "more lines from grpc", {{"lines", left_out}});
  }
  grpc_log->Log(level, "grpc", {{"text", by_caller ? text.substr(0, text.find(" value=")) : text}});
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
  // gRPC's default poller is shared by the process: one lane would read for the others and wake them.
  setenv("GRPC_POLL_STRATEGY", "poll", /*replace=*/0);
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

void RedirectGrpcLog(telemetry::Logger* log) {
  grpc_log = log;
  gpr_set_log_verbosity(GPR_LOG_SEVERITY_ERROR);
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

}  // namespace interaction::app
