#include "server/call/failure_log.h"

namespace interaction::call {
namespace {

using telemetry::LogLevel;

constexpr int kLinesASecond = 10;
constexpr SteadyTime kSummaryDelay = 1'000'000'000;

// With any other code, the gateway or an upstream is the cause.
bool IsCallersByCode(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kAborted:
      return true;
    default:
      return false;
  }
}

bool IsCallersByReason(Reason reason) {
  switch (reason) {
    case Reason::kUnknownMethod:
    case Reason::kMetadataTooLarge:
    case Reason::kRequestIdUnsupported:
    case Reason::kRequestIdReused:
    case Reason::kDeadlineBeforeSend:
      return true;
    default:
      return false;
  }
}

// What the error says of who calls: it repeats nothing that the caller has sent.
bool IsAboutTheCaller(Reason reason) {
  return reason == Reason::kCallerUnauthenticated || reason == Reason::kCallerNotAllowed;
}

absl::string_view ValueOf(const ErrorDetails& details, const std::string& key) {
  const auto found = details.metadata.find(key);
  return found == details.metadata.end() ? absl::string_view() : absl::string_view(found->second);
}

}  // namespace

LogLevel LevelOf(const absl::Status& error, const ErrorDetails& details) {
  if (details.outcome == Outcome::kUnknown) return LogLevel::kWarning;
  return IsCallersByCode(error.code()) || IsCallersByReason(details.reason) ? LogLevel::kInfo : LogLevel::kWarning;
}

class FailureLog::Kind final : private event::Timers::Timer {
 public:
  Kind(const FailureLog* owner, Reason reason, LogLevel level) : owner_(owner), reason_(reason), level_(level) {}

  // Whether to write the line. If not, it is counted, and the number is logged later.
  bool Take(SteadyTime now, event::Timers& timers) {
    const auto verdict = limit_.Judge(now);
    if (verdict == telemetry::LineLimit::Verdict::kLeaveOutFirst) timers.Add(now + kSummaryDelay, this);
    return verdict == telemetry::LineLimit::Verdict::kWrite;
  }

  void LogLeftOut() {
    const int64_t left_out = limit_.TakeLeftOut();
    if (left_out == 0) return;
    owner_->log_->Log(level_, "more calls failed",
                      {{"upstream", owner_->upstream_}, {"reason", Describe(reason_).name}, {"calls", left_out}});
  }

 private:
  void OnDue() override { LogLeftOut(); }

  const FailureLog* const owner_;
  const Reason reason_;
  const LogLevel level_;
  telemetry::LineLimit limit_{kLinesASecond};
};

FailureLog::FailureLog(absl::string_view upstream, telemetry::Logger* log) : upstream_(upstream), log_(log) {
  for (const ReasonEntry& entry : ReasonCatalogue()) {
    for (const LogLevel level : {LogLevel::kInfo, LogLevel::kWarning}) {
      kinds_.push_back(std::make_unique<Kind>(this, entry.reason, level));
    }
  }
}

FailureLog::~FailureLog() {
  if (log_ == nullptr) return;
  for (const auto& kind : kinds_) kind->LogLeftOut();
}

FailureLog::Kind& FailureLog::KindOf(Reason reason, LogLevel level) {
  return *kinds_[2 * static_cast<size_t>(reason) + (level == LogLevel::kWarning)];
}

void FailureLog::Report(const absl::Status& error, absl::string_view request_id, absl::string_view caller,
                        SteadyTime now, event::Timers& timers) {
  if (log_ == nullptr || !log_->Enabled(LogLevel::kWarning)) return;
  const ErrorDetails details = GetErrorDetails(error);
  const LogLevel level = LevelOf(error, details);
  if (!log_->Enabled(level)) return;
  if (details.outcome != Outcome::kUnknown && !KindOf(details.reason, level).Take(now, timers)) return;
  log_->Log(level, "call failed",
            {{"upstream", upstream_},
             {"code", absl::StatusCodeToString(error.code())},
             {"reason", Describe(details.reason).name},
             {"outcome", OutcomeName(details.outcome)},
             {"phase", details.phase ? PhaseName(*details.phase) : absl::string_view()},
             {"requestId", request_id},
             {"caller", caller.empty() ? ValueOf(details, "caller") : caller},
             {"detail", IsAboutTheCaller(details.reason) ? ValueOf(details, "detail") : absl::string_view()}});
}

}  // namespace interaction::call
