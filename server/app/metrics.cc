#include "server/app/metrics.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/telemetry/counters.h"
#include "version/version.h"

namespace interaction::app {
namespace {

using telemetry::Labels;
using telemetry::MetricFamily;
using telemetry::MetricType;
using telemetry::Series;

MetricFamily Family(std::string name, std::string help, MetricType type, std::vector<Series> series) {
  return {.name = std::move(name), .help = std::move(help), .type = type, .series = std::move(series)};
}

MetricFamily Gauge(std::string name, std::string help, double value) {
  return Family(std::move(name), std::move(help), MetricType::kGauge, {{.value = value}});
}

double Seconds(absl::Time time) { return absl::ToDoubleSeconds(time - absl::UnixEpoch()); }

// --- the process, under the names that all Prometheus clients use --------------------------------------------------

double ResidentBytes() {
  FILE* const file = fopen("/proc/self/statm", "re");
  if (file == nullptr) return 0;
  unsigned long long size = 0, resident = 0;
  const bool is_read = fscanf(file, "%llu %llu", &size, &resident) == 2;
  fclose(file);
  return is_read ? static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)) : 0;
}

double OpenDescriptors() {
  DIR* const directory = opendir("/proc/self/fd");
  if (directory == nullptr) return 0;
  int count = 0;
  while (readdir(directory) != nullptr) ++count;
  closedir(directory);
  return count - 3;  // ".", ".." and that of the directory itself
}

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void AddProcess(const Snapshot& snapshot, std::vector<MetricFamily>* families) {
  rlimit descriptors{};
  getrlimit(RLIMIT_NOFILE, &descriptors);
  families->push_back(Family("process_cpu_seconds_total", "CPU time of the process, user and system.",
                             MetricType::kCounter, {{.value = CpuSeconds()}}));
  families->push_back(Gauge("process_resident_memory_bytes", "Memory of the process in RAM.", ResidentBytes()));
  families->push_back(Gauge("process_open_fds", "Open file descriptors.", OpenDescriptors()));
  families->push_back(
      Gauge("process_max_fds", "Limit of open file descriptors.", static_cast<double>(descriptors.rlim_cur)));
  families->push_back(
      Gauge("process_start_time_seconds", "When the process started, Unix time.", Seconds(snapshot.started)));
  const BuildInfo& build = GetBuildInfo();
  families->push_back(Family("interaction_build_info", "Always 1; its labels say what runs.", MetricType::kGauge,
                             {{.labels = {{"version", std::string(build.version)},
                                          {"commit", std::string(build.commit)},
                                          {"compiler", std::string(build.compiler)}},
                               .value = 1}}));
}

// --- the gateway ---------------------------------------------------------------------------------------------------

void AddRedisCommands(const Snapshot& snapshot, std::vector<MetricFamily>* families) {
  std::vector<Series> commands;
  for (const auto& [error_type, durations] : snapshot.redis_commands) {
    commands.push_back({.labels = {{"db_system_name", "redis"}, {"error_type", error_type}}, .histogram = durations});
  }
  families->push_back(Family("db_client_operation_duration_seconds",
                             "How long commands of Redis took, waiting for a connection included, under the name of "
                             "OpenTelemetry's conventions for databases.",
                             MetricType::kHistogram, std::move(commands)));
}

void AddState(const Snapshot& snapshot, std::vector<MetricFamily>* families) {
  families->push_back(Gauge("interaction_calls_in_flight", "Calls in flight, including those whose callers have left.",
                            snapshot.calls_in_flight));
  families->push_back(Gauge("interaction_lanes_stuck", "Lanes that have not turned for ten seconds.",
                            static_cast<double>(snapshot.health.stuck_lanes.size())));
  families->push_back(
      Gauge("interaction_draining", "1 while the gateway ends gracefully.", snapshot.health.is_draining));
  if (snapshot.connections) {
    families->push_back(
        Gauge("interaction_client_connections", "Connections of clients.", static_cast<double>(*snapshot.connections)));
  }
  families->push_back(Family("interaction_log_lines_lost_total", "Log lines that could not be written.",
                             MetricType::kCounter, {{.value = static_cast<double>(snapshot.log_lines_lost)}}));
  if (snapshot.spans) {
    families->push_back(Family("interaction_spans_sent_total", "Spans of traces that the collector has taken.",
                               MetricType::kCounter, {{.value = static_cast<double>(snapshot.spans->first)}}));
    families->push_back(Family("interaction_spans_dropped_total",
                               "Spans that were lost because the collector was slow, gone or refused them.",
                               MetricType::kCounter, {{.value = static_cast<double>(snapshot.spans->second)}}));
  }
  if (snapshot.records) {
    families->push_back(
        Gauge("interaction_records", "Records of request_ids in memory.", static_cast<double>(*snapshot.records)));
    families->push_back(
        Gauge("interaction_record_bytes", "Memory of these records.", static_cast<double>(*snapshot.record_bytes)));
  }
  if (snapshot.health.redis_connected) {
    families->push_back(
        Gauge("interaction_redis_connected", "1 while Redis is connected.", *snapshot.health.redis_connected));
    AddRedisCommands(snapshot, families);
  }
}

void AddCounters(const Snapshot& snapshot, std::vector<MetricFamily>* families) {
  for (size_t i = 0; i < snapshot.counters.size(); ++i) {
    const telemetry::CounterEntry& entry = telemetry::Describe(static_cast<telemetry::Counter>(i));
    families->push_back(Family(absl::StrCat("interaction_", entry.name, "_total"), std::string(entry.help),
                               MetricType::kCounter, {{.value = static_cast<double>(snapshot.counters[i])}}));
  }
}

void AddLimits(const Snapshot& snapshot, std::vector<MetricFamily>* families) {
  std::vector<Series> active, waiting, parked, breakers;
  for (const Snapshot::Permits& permits : snapshot.permits) {
    const Labels labels = {{"upstream", permits.upstream}};
    active.push_back({.labels = labels, .value = static_cast<double>(permits.active)});
    waiting.push_back({.labels = labels, .value = static_cast<double>(permits.waiting)});
    parked.push_back({.labels = labels, .value = static_cast<double>(permits.parked)});
  }
  families->push_back(Family("interaction_permits_active", "Requests under way with a credential that has a limit.",
                             MetricType::kGauge, std::move(active)));
  families->push_back(Family("interaction_permits_waiting", "Calls that wait for their credential's turn.",
                             MetricType::kGauge, std::move(waiting)));
  families->push_back(Family("interaction_credentials_parked",
                             "Credentials that are left alone because their daily quota is used up.",
                             MetricType::kGauge, std::move(parked)));
  for (const auto& breaker : snapshot.breakers) {
    const double open = breaker.state == limits::Breaker::State::kClosed ? 0
                        : breaker.state == limits::Breaker::State::kOpen ? 1
                                                                         : 0.5;
    breakers.push_back(
        {.labels = {{"upstream", breaker.upstream}, {"server_address", breaker.authority}}, .value = open});
  }
  families->push_back(Family("interaction_breaker_open",
                             "0: closed, calls pass; 1: open, calls are refused; 0.5: single calls try.",
                             MetricType::kGauge, std::move(breakers)));
}

void AddLanes(const Snapshot& snapshot, std::vector<MetricFamily>* families) {
  std::vector<Series> turns, busy;
  for (size_t i = 0; i < snapshot.lanes.size(); ++i) {
    const Labels labels = {{"lane", absl::StrCat(i)}};
    busy.push_back({.labels = labels, .value = snapshot.lanes[i].seconds});
    turns.push_back({.labels = labels, .histogram = snapshot.lanes[i]});
  }
  families->push_back(Family("interaction_lane_busy_seconds_total",
                             "Time that a lane has worked; its rate is the lane's utilisation.", MetricType::kCounter,
                             std::move(busy)));
  families->push_back(Family("interaction_lane_turn_seconds", "How long a lane worked without looking for more work.",
                             MetricType::kHistogram, std::move(turns)));
}

void AddMaterial(const Snapshot& snapshot, std::vector<MetricFamily>* families) {
  std::vector<Series> certificates, files;
  for (const auto& [use, end] : snapshot.certificates) {
    certificates.push_back({.labels = {{"use", use}}, .value = Seconds(end)});
  }
  for (const Snapshot::File& file : snapshot.files) {
    files.push_back({.labels = {{"key", file.key}, {"file", file.path}}, .value = Seconds(file.modified)});
  }
  families->push_back(Family("interaction_certificate_end_timestamp_seconds",
                             "When a certificate of the gateway's ends, Unix time.", MetricType::kGauge,
                             std::move(certificates)));
  families->push_back(Family("interaction_file_modified_timestamp_seconds",
                             "When a file with credentials, keys or certificates was changed, Unix time.",
                             MetricType::kGauge, std::move(files)));
}

}  // namespace

std::vector<MetricFamily> MetricsOf(const Snapshot& snapshot) {
  std::vector<MetricFamily> families = snapshot.calls;
  AddState(snapshot, &families);
  AddCounters(snapshot, &families);
  AddLimits(snapshot, &families);
  AddLanes(snapshot, &families);
  AddMaterial(snapshot, &families);
  AddProcess(snapshot, &families);
  return families;
}

}  // namespace interaction::app
