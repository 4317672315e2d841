#include "server/call/call_metrics.h"

#include <algorithm>
#include <utility>

#include "server/base/errors.h"
#include "server/call/call_counts.h"

namespace interaction::call {
namespace {

size_t ClassOf(int status) { return status >= 100 && status < 600 ? static_cast<size_t>(status / 100) : 0; }

absl::string_view TraceIdOf(const Call& call) {
  if (call.tracer) return call.span.is_recorded ? call.trace_id() : absl::string_view();
  const bool recorded =
      call.trace.sampling == telemetry::Sampling::kYes || call.trace.sampling == telemetry::Sampling::kDebug;
  return recorded ? absl::string_view(call.trace.trace_id) : absl::string_view();
}

}  // namespace

CallMetrics::CallMetrics(size_t lanes, std::vector<Rpc> rpcs, const std::vector<Host>& hosts) : rpcs_(std::move(rpcs)) {
  for (size_t i = 0; i < lanes; ++i) {
    auto lane = std::make_unique<Lane>();
    lane->by_authority.resize(rpcs_.size());
    for (const Rpc& rpc : rpcs_) {
      lane->rpcs.push_back(std::make_unique<RpcCounts>());
      lane->others.push_back(std::make_unique<HostCounts>(rpc.upstream, kOther));
    }
    for (const Host& host : hosts) {
      const std::optional<size_t> rpc = IndexOf(host.upstream);
      if (rpc) lane->FindHost(*rpc, host.upstream, host.authority);
    }
    lanes_.push_back(std::move(lane));
  }
}

CallMetrics::~CallMetrics() = default;

std::optional<size_t> CallMetrics::IndexOf(absl::string_view upstream) const {
  for (size_t i = 0; i < rpcs_.size(); ++i) {
    if (rpcs_[i].upstream == upstream) return i;
  }
  return std::nullopt;
}

CallMetrics::RpcCounts* CallMetrics::CountsOf(const Call& call) const {
  const std::optional<size_t> rpc = IndexOf(call.upstream->name);
  return rpc ? lanes_[call.lane->index()]->rpcs[*rpc].get() : nullptr;
}

void CallMetrics::OnStart(const Call& call) {
  if (RpcCounts* const counts = CountsOf(call)) counts->started.Add();
}

void CallMetrics::OnEnd(const Call& call) {
  RpcCounts* const counts = CountsOf(call);
  if (counts == nullptr) return;
  const CallResult& result = call.result;
  const absl::string_view trace_id = TraceIdOf(call);
  const absl::Time wall_now = trace_id.empty() ? absl::UnixEpoch() : call.lane->clock().WallNow();
  const SteadyTime now = call.lane->clock().SteadyNow();
  counts->durations[static_cast<size_t>(result.status.code())].Observe(now - call.arrived, trace_id, wall_now);
  if (result.status.ok()) {
    counts->ended[kReasons][static_cast<size_t>(Outcome::kApplied)].Add();
  } else {
    const ErrorDetails details = GetErrorDetails(result.status);
    counts->ended[static_cast<size_t>(details.reason)][static_cast<size_t>(details.outcome)].Add();
    counts->last_failure.Set(now, details.reason);
  }
  for (size_t i = 0; i < kPhases; ++i) {
    const absl::Duration time = call.times.In(static_cast<Phase>(i));
    if (time == absl::ZeroDuration()) continue;
    counts->phase_nanoseconds[i].Add(absl::ToInt64Nanoseconds(time));
    counts->phase_calls[i].Add();
  }
  counts->request_bytes.Add(static_cast<int64_t>(call.request_bytes));
  counts->reply_bytes.Add(static_cast<int64_t>(result.reply_bytes));
}

void CallMetrics::OnAttemptEnd(const Call& call, const AttemptResult& attempt) {
  const std::optional<size_t> rpc = IndexOf(call.upstream->name);
  if (!rpc) return;
  HostCounts* const host = lanes_[call.lane->index()]->FindHost(*rpc, call.upstream->name, call.authority);
  host->CountsOf(attempt.http_status).durations.Observe(absl::ToInt64Nanoseconds(attempt.duration));
  const size_t number = std::min<size_t>(static_cast<size_t>(std::max(attempt.number, 1)), kAttempts.size()) - 1;
  Outcome outcome = Outcome::kApplied;
  if (!attempt.status.ok()) {
    const ErrorDetails details = GetErrorDetails(attempt.status);
    outcome = details.outcome;
    if (details.phase) host->failures[static_cast<size_t>(*details.phase)].Add();
    host->last_failure.Set(call.lane->clock().SteadyNow(), details.reason);
  }
  host->attempts[ClassOf(attempt.http_status)][number][static_cast<size_t>(outcome)].Add();
}

}  // namespace interaction::call
