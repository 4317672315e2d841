#include <utility>

#include "server/call/call_counts.h"
#include "server/call/call_metrics.h"

namespace interaction::call {
namespace {

void TakeLater(const std::optional<CallMetrics::Failure>& other, std::optional<CallMetrics::Failure>* latest) {
  if (other && (!*latest || (*latest)->when < other->when)) *latest = other;
}

void AddRpc(const CallMetrics::RpcCounts& counts, CallMetrics::Total* total) {
  for (const auto& by_outcome : counts.ended) {
    for (size_t i = 0; i < kOutcomes; ++i) total->ended[i] += by_outcome[i].value();
  }
  for (const Histogram& durations : counts.durations) total->durations += durations.Read();
  TakeLater(counts.last_failure.value(), &total->last_failure);
}

void AddHost(const CallMetrics::HostCounts& counts, CallMetrics::Total* total) {
  for (const auto& of_class : counts.attempts) {
    for (const auto& of_attempt : of_class) {
      for (size_t i = 0; i < kOutcomes; ++i) total->ended[i] += of_attempt[i].value();
    }
  }
  for (const StatusCounts& status : counts.statuses) total->durations += status.durations.Read();
  TakeLater(counts.last_failure.value(), &total->last_failure);
}

}  // namespace

CallMetrics::Totals CallMetrics::Sum() const {
  Totals totals;
  for (size_t i = 0; i < rpcs_.size(); ++i) {
    Total total;
    for (const auto& lane : lanes_) AddRpc(*lane->rpcs[i], &total);
    totals.rpcs.emplace_back(rpcs_[i], std::move(total));
  }
  for (const auto& [key, lanes] : Hosts()) {
    Total total;
    for (const HostCounts* const counts : lanes) AddHost(*counts, &total);
    if (key.second == kOther && total.durations.count() == 0) continue;
    totals.hosts.emplace_back(Host{.upstream = key.first, .authority = key.second}, std::move(total));
  }
  return totals;
}

}  // namespace interaction::call
