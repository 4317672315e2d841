#include <initializer_list>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/errors.h"
#include "server/call/call_counts.h"
#include "server/call/call_metrics.h"

namespace interaction::call {
namespace {

using telemetry::HistogramValue;
using telemetry::Labels;
using telemetry::MetricFamily;
using telemetry::MetricType;

// As grpc-go writes them, which dashboards of grpc_prometheus expect, and as gRPC and OpenTelemetry do.
constexpr std::array<std::pair<absl::string_view, absl::string_view>, kCodes> kCodeNames = {{
    {"OK", "OK"},
    {"Canceled", "CANCELLED"},
    {"Unknown", "UNKNOWN"},
    {"InvalidArgument", "INVALID_ARGUMENT"},
    {"DeadlineExceeded", "DEADLINE_EXCEEDED"},
    {"NotFound", "NOT_FOUND"},
    {"AlreadyExists", "ALREADY_EXISTS"},
    {"PermissionDenied", "PERMISSION_DENIED"},
    {"ResourceExhausted", "RESOURCE_EXHAUSTED"},
    {"FailedPrecondition", "FAILED_PRECONDITION"},
    {"Aborted", "ABORTED"},
    {"OutOfRange", "OUT_OF_RANGE"},
    {"Unimplemented", "UNIMPLEMENTED"},
    {"Internal", "INTERNAL"},
    {"Unavailable", "UNAVAILABLE"},
    {"DataLoss", "DATA_LOSS"},
    {"Unauthenticated", "UNAUTHENTICATED"},
}};

// "api.example.com:8443" -> {"api.example.com", "8443"}; the port is "" where it is the scheme's own. A host that is an
// IPv6 address keeps its brackets.
std::pair<std::string, std::string> SplitAuthority(absl::string_view authority) {
  const size_t colon = authority.rfind(':');
  if (colon == absl::string_view::npos || authority.find(']', colon) != absl::string_view::npos) {
    return {std::string(authority), ""};
  }
  return {std::string(authority.substr(0, colon)), std::string(authority.substr(colon + 1))};
}

// The families of one kind of thing (RPCs, hosts), and the cells of all lanes that the thing at hand is counted in.
template <typename Counts>
class Builder {
 public:
  explicit Builder(std::vector<const Counts*> lanes) : lanes_(std::move(lanes)) {}

  template <typename Find>  // the Cell of a Counts
  int64_t Sum(Find&& find) const {
    int64_t sum = 0;
    for (const Counts* const lane : lanes_) sum += find(*lane).value();
    return sum;
  }
  template <typename Find>
  void Add(MetricFamily* family, Labels labels, Find&& find) const {
    family->series.push_back({.labels = std::move(labels), .value = static_cast<double>(Sum(find))});
  }
  template <typename Find>  // the Histogram of a Counts
  HistogramValue Merge(Find&& find) const {
    HistogramValue merged;
    for (const Counts* const lane : lanes_) merged += find(*lane).Read();
    return merged;
  }
  const std::vector<const Counts*>& lanes() const { return lanes_; }

 private:
  const std::vector<const Counts*> lanes_;
};

MetricFamily Counter(std::string name, std::string help) {
  return {.name = std::move(name), .help = std::move(help), .type = MetricType::kCounter, .series = {}};
}

MetricFamily Durations(std::string name, std::string help) {
  return {.name = std::move(name), .help = std::move(help), .type = MetricType::kHistogram, .series = {}};
}

struct CallFamilies {
  MetricFamily started = Counter("grpc_server_started_total", "Calls that arrived.");
  MetricFamily handled = Counter("grpc_server_handled_total", "Calls that ended, by gRPC code.");
  MetricFamily handling =
      Durations("grpc_server_handling_seconds", "How long calls took, from their headers to the end of the answer.");
  MetricFamily durations = Durations("rpc_server_call_duration_seconds",
                                     "The same by status, under the names of OpenTelemetry's RPC conventions.");
  MetricFamily ended =
      Counter("interaction_calls_total", "Calls that ended, by reason (docs/errors.md; OK for success) and outcome.");
  MetricFamily phases{.name = "interaction_call_phase_seconds",
                      .help = "Time that calls spent in a phase.",
                      .type = MetricType::kSummary,
                      .series = {}};
  MetricFamily request_bytes = Counter("interaction_request_bytes_total", "Bytes of request messages.");
  MetricFamily reply_bytes = Counter("interaction_reply_bytes_total", "Bytes of reply messages.");
};

struct AttemptFamilies {
  MetricFamily durations =
      Durations("http_client_request_duration_seconds",
                "How long requests to upstreams took, by host and status (OpenTelemetry's HTTP conventions).");
  MetricFamily attempts = Counter("interaction_upstream_attempts_total",
                                  "Requests to upstreams, by class of the answer's status, number of the attempt and "
                                  "outcome.");
  MetricFamily failures = Counter("interaction_upstream_failures_total",
                                  "Requests to upstreams that failed, by the phase in which they ended.");
};

using CallBuilder = Builder<CallMetrics::RpcCounts>;
using AttemptBuilder = Builder<CallMetrics::HostCounts>;

void AddCodes(const CallMetrics::Rpc& rpc, const Labels& grpc, const CallBuilder& lanes, CallFamilies* to) {
  HistogramValue all;
  for (size_t code = 0; code < kCodes; ++code) {
    HistogramValue durations = lanes.Merge([&](const auto& counts) -> auto& { return counts.durations[code]; });
    all += durations;
    Labels handled = grpc;
    handled.emplace_back("grpc_code", kCodeNames[code].first);
    to->handled.series.push_back({.labels = std::move(handled), .value = static_cast<double>(durations.count())});
    to->durations.series.push_back({.labels = {{"rpc_system_name", "grpc"},
                                               {"rpc_method", absl::StrCat(rpc.service, "/", rpc.method)},
                                               {"rpc_response_status_code", std::string(kCodeNames[code].second)}},
                                    .histogram = std::move(durations)});
  }
  to->handling.series.push_back({.labels = grpc, .histogram = std::move(all)});
}

// The usual outcome of each reason is shown from the start; the others once they have been seen.
void AddReasons(const CallMetrics::Rpc& rpc, const CallBuilder& lanes, MetricFamily* to) {
  for (size_t reason = 0; reason <= kReasons; ++reason) {
    const ReasonEntry* const entry = reason == kReasons ? nullptr : &ReasonCatalogue()[reason];
    for (size_t i = 0; i < kOutcomes; ++i) {
      const auto outcome = static_cast<Outcome>(i);
      const auto cell = [&](const auto& counts) -> auto& { return counts.ended[reason][i]; };
      if (outcome != (entry ? entry->outcome : Outcome::kApplied) && lanes.Sum(cell) == 0) continue;
      lanes.Add(to,
                {{"rpc", rpc.method},
                 {"reason", std::string(entry ? entry->name : "OK")},
                 {"outcome", std::string(OutcomeName(outcome))}},
                cell);
    }
  }
}

void AddPhases(const CallMetrics::Rpc& rpc, const CallBuilder& lanes, MetricFamily* to) {
  for (size_t i = 0; i < kPhases; ++i) {
    const auto nanoseconds = [i](const auto& counts) -> auto& { return counts.phase_nanoseconds[i]; };
    const auto calls = [i](const auto& counts) -> auto& { return counts.phase_calls[i]; };
    to->series.push_back({.labels = {{"rpc", rpc.method}, {"phase", std::string(PhaseName(static_cast<Phase>(i)))}},
                          .value = static_cast<double>(lanes.Sum(nanoseconds)) / 1e9,
                          .count = lanes.Sum(calls)});
  }
}

void AddCalls(const CallMetrics::Rpc& rpc, const CallBuilder& lanes, CallFamilies* to) {
  const Labels grpc = {{"grpc_type", "unary"}, {"grpc_service", rpc.service}, {"grpc_method", rpc.method}};
  lanes.Add(
      &to->started, grpc, [](const auto& counts) -> auto& { return counts.started; });
  AddCodes(rpc, grpc, lanes, to);
  AddReasons(rpc, lanes, &to->ended);
  AddPhases(rpc, lanes, &to->phases);
  const Labels by_rpc = {{"rpc", rpc.method}};
  lanes.Add(
      &to->request_bytes, by_rpc, [](const auto& counts) -> auto& { return counts.request_bytes; });
  lanes.Add(
      &to->reply_bytes, by_rpc, [](const auto& counts) -> auto& { return counts.reply_bytes; });
}

std::string StatusText(int status) {
  if (status == kOtherStatus) return "other";
  return status == kNoStatus ? "" : absl::StrCat(status);
}

std::string ErrorTypeOf(int status) {
  if (status == kNoStatus) return "no_response";
  const bool is_success = status >= 100 && status < 400;
  return is_success ? "" : StatusText(status);
}

// Each lane has met the statuses in its own order.
void AddStatuses(const std::string& upstream, absl::string_view authority, const AttemptBuilder& lanes,
                 MetricFamily* to) {
  std::map<int, HistogramValue> by_status;
  for (const auto* const lane : lanes.lanes()) {
    for (const StatusCounts& counts : lane->statuses) {
      const int status = counts.status.load(std::memory_order_acquire);
      HistogramValue durations = counts.durations.Read();
      if (status != kOtherStatus || durations.count() > 0) by_status[status] += durations;
    }
  }
  const auto [host, port] = SplitAuthority(authority);
  for (auto& [status, durations] : by_status) {
    to->series.push_back({.labels = {{"upstream", upstream},
                                     {"http_request_method", "POST"},
                                     {"server_address", host},
                                     {"server_port", port},
                                     {"http_response_status_code", StatusText(status)},
                                     {"error_type", ErrorTypeOf(status)}},
                          .histogram = std::move(durations)});
  }
}

void AddAttempts(const Labels& host, const AttemptBuilder& lanes, MetricFamily* to) {
  for (size_t i = 0; i < kStatusClasses.size() * kAttempts.size() * kOutcomes; ++i) {
    const size_t outcome = i % kOutcomes, attempt = i / kOutcomes % kAttempts.size(),
                 status = i / kOutcomes / kAttempts.size();
    Labels labels = host;
    labels.emplace_back("status_class", kStatusClasses[status]);
    labels.emplace_back("attempt", kAttempts[attempt]);
    labels.emplace_back("outcome", OutcomeName(static_cast<Outcome>(outcome)));
    lanes.Add(
        to, std::move(labels), [&](const auto& counts) -> auto& { return counts.attempts[status][attempt][outcome]; });
  }
}

void AddFailures(const Labels& host, const AttemptBuilder& lanes, MetricFamily* to) {
  for (size_t i = 0; i < kPhases; ++i) {
    Labels labels = host;
    labels.emplace_back("phase", PhaseName(static_cast<Phase>(i)));
    lanes.Add(
        to, std::move(labels), [i](const auto& counts) -> auto& { return counts.failures[i]; });
  }
}

void Move(std::initializer_list<MetricFamily*> from, std::vector<MetricFamily>* to) {
  for (MetricFamily* const family : from) to->push_back(std::move(*family));
}

}  // namespace

std::vector<MetricFamily> CallMetrics::Collect() const {
  std::vector<MetricFamily> families;
  CallFamilies calls;
  for (size_t i = 0; i < rpcs_.size(); ++i) {
    std::vector<const RpcCounts*> lanes;
    for (const auto& lane : lanes_) lanes.push_back(lane->rpcs[i].get());
    AddCalls(rpcs_[i], CallBuilder(std::move(lanes)), &calls);
  }
  Move({&calls.started, &calls.handled, &calls.handling, &calls.durations, &calls.ended, &calls.phases,
        &calls.request_bytes, &calls.reply_bytes},
       &families);

  AttemptFamilies attempts;
  for (auto& [key, lanes] : Hosts()) {
    const auto& [upstream, authority] = key;
    const AttemptBuilder builder(lanes);
    AddStatuses(upstream, authority, builder, &attempts.durations);
    const Labels labels = {{"upstream", upstream}, {"server_address", authority}};
    AddAttempts(labels, builder, &attempts.attempts);
    AddFailures(labels, builder, &attempts.failures);
  }
  Move({&attempts.durations, &attempts.attempts, &attempts.failures}, &families);
  return families;
}

// Each lane has met the hosts in its own order.
CallMetrics::HostsOfLanes CallMetrics::Hosts() const {
  HostsOfLanes hosts;
  const auto add = [&hosts](const HostCounts& host) { hosts[{host.upstream, host.authority}].push_back(&host); };
  for (const auto& lane : lanes_) {
    const size_t known = lane->hosts_known.load(std::memory_order_acquire);
    for (size_t i = 0; i < known; ++i) add(*lane->hosts[i]);
    for (const auto& other : lane->others) add(*other);
  }
  return hosts;
}

}  // namespace interaction::call
