#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "server/base/clock.h"
#include "server/call/call_metrics.h"
#include "server/limits/breaker.h"
#include "server/telemetry/histogram.h"
#include "server/telemetry/metric_family.h"

namespace interaction::app {

// What the probes of the admin port ask, several times a minute: cheap to find out.
struct Health {
  bool is_serving = false;              // it accepts connections
  bool is_draining = false;             // it has been asked to end
  std::vector<size_t> stuck_lanes;      // that do not turn any more
  std::optional<bool> redis_connected;  // without Redis: nothing
};

// How the gateway is at one moment: what the admin port shows. It holds no secret and no personal data.
struct Snapshot {
  Health health;
  absl::Time now;
  SteadyTime steady_now = 0;
  absl::Time started;
  std::string address;                // where it listens
  std::optional<size_t> connections;  // of clients; not known with server.transport: grpc
  int calls_in_flight = 0;
  uint64_t log_lines_lost = 0;
  std::optional<std::pair<uint64_t, uint64_t>> spans;  // sent and dropped; nothing: no spans are made

  std::vector<telemetry::MetricFamily> calls;    // from call::CallMetrics
  call::CallMetrics::Totals totals;              // likewise
  std::vector<int64_t> counters;                 // by telemetry::Counter
  std::vector<telemetry::HistogramValue> lanes;  // the turns of each lane
  std::vector<limits::Breakers::BreakerState> breakers;

  // Of one upstream with a limit for each credential: how many permits are held, calls wait for one, and credentials
  // are left alone because their daily quota is used up.
  struct Permits {
    std::string upstream;
    int64_t active = 0;
    int64_t waiting = 0;
    int64_t parked = 0;
  };
  std::vector<Permits> permits;

  // How long Redis' commands took, by the type of their error; empty without Redis.
  std::vector<std::pair<std::string, telemetry::HistogramValue>> redis_commands;

  std::optional<int64_t> records;       // in memory
  std::optional<int64_t> record_bytes;  // likewise

  // What each certificate of the gateway's is for, and when it ends: "server", "upstreams", "redis".
  std::vector<std::pair<std::string, absl::Time>> certificates;

  // The files of credentials, keys and certificates, and when they were changed.
  struct File {
    std::string key;  // of the configuration
    std::string path;
    absl::Time modified;
  };
  std::vector<File> files;

  std::vector<std::pair<std::string, std::string>> configuration;  // by key, without secrets
};

}  // namespace interaction::app
