#include "server/grpc_transport/log.h"

#include <grpc/support/log.h>

#include <cstdint>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "server/base/clock.h"
#include "server/telemetry/line_limit.h"

namespace interaction::grpc_transport {
namespace {

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

void RedirectLog(telemetry::Logger* log) {
  grpc_log = log;
  gpr_set_log_verbosity(GPR_LOG_SEVERITY_ERROR);
  gpr_set_log_function(log == nullptr ? nullptr : LogForGrpc);
}

}  // namespace interaction::grpc_transport
