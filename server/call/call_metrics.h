#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/base/clock.h"
#include "server/base/errors.h"
#include "server/base/outcome.h"
#include "server/call/observer.h"
#include "server/telemetry/histogram.h"
#include "server/telemetry/metric_family.h"

namespace interaction::call {

// Counts calls and attempts, and how long they took. Each lane has counts of its own, so that counting takes no lock; a
// scrape adds them up.
//
// The number of series is bounded whatever callers and upstreams send: RPCs, codes, reasons and phases are fixed, an
// upstream's hosts beyond kMaxHosts count as "other", and so do its HTTP statuses beyond kMaxStatuses.
class CallMetrics final : public Observer {
 public:
  static constexpr size_t kMaxHosts = 64;     // of all upstreams
  static constexpr size_t kMaxStatuses = 16;  // of a host

  struct Rpc {
    std::string upstream;
    std::string service;  // "interaction.v1.InteractionService"
    std::string method;   // "CreateInteraction"
  };
  struct Host {
    std::string upstream;
    std::string authority;  // "api.example.com" or "api.example.com:8443"
  };

  // The latest of its kind.
  struct Failure {
    SteadyTime when;
    Reason reason;
  };
  // What became of calls, or of requests to a host.
  struct Total {
    std::array<int64_t, static_cast<size_t>(Outcome::kUnknown) + 1> ended{};  // by outcome
    telemetry::HistogramValue durations;
    std::optional<Failure> last_failure;
  };
  struct Totals {
    std::vector<std::pair<Rpc, Total>> rpcs;
    std::vector<std::pair<Host, Total>> hosts;  // those that were called and those that are configured
  };

  // What one lane counts of an RPC, and of a host: call_counts.h.
  struct RpcCounts;
  struct HostCounts;

  // `hosts`: those that are known from the start. Calls of an upstream that is not in `rpcs` are not counted.
  CallMetrics(size_t lanes, std::vector<Rpc> rpcs, const std::vector<Host>& hosts);
  ~CallMetrics() override;

  // On the call's lane.
  void OnStart(const Call& call) override;
  void OnAttemptEnd(const Call& call, const AttemptResult& attempt) override;
  void OnEnd(const Call& call) override;

  // The counts of all lanes. Any thread.
  std::vector<telemetry::MetricFamily> Collect() const;

  // The same in short, since the start. Any thread.
  Totals Sum() const;

 private:
  struct Lane;
  using HostsOfLanes = std::map<std::pair<std::string, std::string>, std::vector<const HostCounts*>>;

  std::optional<size_t> IndexOf(absl::string_view upstream) const;
  RpcCounts* CountsOf(const Call& call) const;
  HostsOfLanes Hosts() const;

  const std::vector<Rpc> rpcs_;
  std::vector<std::unique_ptr<Lane>> lanes_;
};

}  // namespace interaction::call
