#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "server/base/clock.h"
#include "server/base/errors.h"
#include "server/base/outcome.h"
#include "server/call/call_metrics.h"
#include "server/telemetry/cell.h"
#include "server/telemetry/histogram.h"

// What CallMetrics counts, lane by lane. For call_metrics*.cc only.
namespace interaction::call {

using telemetry::Cell;
using telemetry::Histogram;

inline constexpr size_t kCodes = 17;  // of gRPC
inline constexpr size_t kOutcomes = 3;

// Attempts of one call are retries of each other; the third and later ones count together.
inline constexpr std::array<absl::string_view, 3> kAttempts = {"1", "2", "3+"};

// Of complete responses by their first digit, and of attempts without one.
inline constexpr std::array<absl::string_view, 6> kStatusClasses = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};

inline constexpr absl::string_view kOther = "other";

// In the place of an HTTP status.
inline constexpr int kNoStatus = 0;      // no complete response
inline constexpr int kOtherStatus = -1;  // any that has no place of its own

// A status that is counted by itself, and its series.
struct StatusCounts {
  std::atomic<int> status{kOtherStatus};  // kOtherStatus: free; written once
  Histogram durations;
};

// The latest failure that one thread has seen, for others to read: when, in milliseconds of the steady clock, and why.
class LastFailureCell {
 public:
  void Set(SteadyTime now, Reason reason) {
    value_.store(static_cast<uint64_t>(now / kMillisecond) << kReasonBits | static_cast<uint64_t>(reason),
                 std::memory_order_relaxed);
  }
  std::optional<CallMetrics::Failure> value() const {
    const uint64_t value = value_.load(std::memory_order_relaxed);
    if (value == 0) return std::nullopt;
    return CallMetrics::Failure{.when = static_cast<SteadyTime>(value >> kReasonBits) * kMillisecond,
                                .reason = static_cast<Reason>(value & ((1u << kReasonBits) - 1))};
  }

 private:
  static constexpr SteadyTime kMillisecond = 1'000'000;
  static constexpr int kReasonBits = 8;
  static_assert(kReasons < 1u << kReasonBits);

  std::atomic<uint64_t> value_{0};
};

struct CallMetrics::RpcCounts {
  Cell started;
  std::array<Histogram, kCodes> durations;
  std::array<std::array<Cell, kOutcomes>, kReasons + 1> ended;  // by reason; the last is success
  std::array<Cell, kPhases> phase_nanoseconds;
  std::array<Cell, kPhases> phase_calls;
  Cell request_bytes;
  Cell reply_bytes;
  LastFailureCell last_failure;
};

struct CallMetrics::HostCounts {
  HostCounts(std::string its_upstream, absl::string_view its_authority)
      : upstream(std::move(its_upstream)), authority(its_authority) {
    statuses[0].status = kNoStatus;
    statuses[1].status = 200;
  }

  StatusCounts& CountsOf(int status) {
    for (size_t i = 0; i + 1 < statuses.size(); ++i) {
      const int known = statuses[i].status.load(std::memory_order_relaxed);
      if (known == status) return statuses[i];
      if (known == kOtherStatus) {
        statuses[i].status.store(status, std::memory_order_release);
        return statuses[i];
      }
    }
    return statuses.back();  // of all others
  }

  const std::string upstream;
  const std::string authority;
  std::array<StatusCounts, kMaxStatuses> statuses;
  // By class of the status, number of the attempt and outcome.
  std::array<std::array<std::array<Cell, kOutcomes>, kAttempts.size()>, kStatusClasses.size()> attempts;
  std::array<Cell, kPhases> failures;  // by the phase in which the attempt ended
  LastFailureCell last_failure;
};

struct CallMetrics::Lane {
  std::vector<std::unique_ptr<RpcCounts>> rpcs;
  // Grows on the lane, up to kMaxHosts and one for each upstream's others, while scrapes read the first `hosts_known`.
  std::array<std::unique_ptr<HostCounts>, kMaxHosts> hosts;
  std::atomic<size_t> hosts_known{0};
  // For each RPC, and the lane's: its upstream's hosts by authority, and those that are beyond kMaxHosts.
  std::vector<absl::flat_hash_map<std::string, HostCounts*>> by_authority;
  std::vector<std::unique_ptr<HostCounts>> others;

  HostCounts* FindHost(size_t rpc, const std::string& upstream, absl::string_view authority) {
    auto& known_hosts = by_authority[rpc];
    if (const auto found = known_hosts.find(authority); found != known_hosts.end()) return found->second;
    const size_t known = hosts_known.load(std::memory_order_relaxed);
    if (known == kMaxHosts) return others[rpc].get();
    hosts[known] = std::make_unique<HostCounts>(upstream, authority);
    hosts_known.store(known + 1, std::memory_order_release);
    return known_hosts.emplace(authority, hosts[known].get()).first->second;
  }
};

}  // namespace interaction::call
