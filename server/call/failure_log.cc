#include "server/call/failure_log.h"

#include "server/call/log_fields.h"

namespace interaction::call {
namespace {

using telemetry::LogLevel;

constexpr int kLinesASecond = 10;
constexpr SteadyTime kSummaryDelay = 1'000'000'000;

}  // namespace

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
             {"caller", caller.empty() ? CallerIn(details) : caller},
             {"detail", DetailIn(details)}});
}

}  // namespace interaction::call
