#include "server/app/status_page.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "server/app/json.h"
#include "server/telemetry/counters.h"
#include "version/version.h"

namespace interaction::app {
namespace {

void PutProcess(const Snapshot& snapshot, Json* json) {
  const BuildInfo& build = GetBuildInfo();
  json->Text("version", build.version);
  json->Text("commit", build.commit);
  json->Time("now", snapshot.now);
  json->Time("started", snapshot.started);
  json->Number("uptimeSeconds", absl::ToInt64Seconds(snapshot.now - snapshot.started));
  const Health& health = snapshot.health;
  json->Text("state", health.is_draining ? "draining" : health.is_serving ? "serving" : "starting");
  json->Text("address", snapshot.address);
  if (snapshot.connections) json->Number("clientConnections", static_cast<int64_t>(*snapshot.connections));
  json->Number("callsInFlight", snapshot.calls_in_flight);
  json->Number("logLinesLost", static_cast<int64_t>(snapshot.log_lines_lost));
  if (snapshot.records) json->Number("records", *snapshot.records);
  if (snapshot.record_bytes) json->Number("recordBytes", *snapshot.record_bytes);
  if (snapshot.health.redis_connected) json->Boolean("redisConnected", *snapshot.health.redis_connected);
}

void PutTotal(const Snapshot& snapshot, const call::CallMetrics::Total& total, Json* json) {
  for (size_t i = 0; i < total.ended.size(); ++i) json->Number(OutcomeName(static_cast<Outcome>(i)), total.ended[i]);
  const telemetry::HistogramValue& durations = total.durations;
  json->Begin("durations");
  json->Number("count", durations.count());
  json->Fraction("seconds", durations.seconds);
  for (const auto& [key, share] : {std::pair("p50Ms", 0.5), std::pair("p95Ms", 0.95), std::pair("p99Ms", 0.99)}) {
    json->Fraction(key, 1000 * durations.Quantile(share));
  }
  json->Numbers("counts", durations.counts);  // by durationBounds
  json->End();
  if (!total.last_failure) return;
  json->Begin("lastFailure");
  json->Text("reason", Describe(total.last_failure->reason).name);
  json->Time("time", snapshot.now - absl::Nanoseconds(snapshot.steady_now - total.last_failure->when));
  json->End();
}

void PutRpcs(const Snapshot& snapshot, Json* json) {
  json->Numbers("durationBounds", telemetry::kDurationBounds);  // upper ones, in seconds; the last count has none
  json->BeginList("rpcs");
  for (const auto& [rpc, total] : snapshot.totals.rpcs) {
    json->Begin();
    json->Text("method", rpc.method);
    json->Text("upstream", rpc.upstream);
    PutTotal(snapshot, total, json);
    json->End();
  }
  json->EndList();
}

absl::string_view BreakerOf(const Snapshot& snapshot, const call::CallMetrics::Host& host) {
  const auto found = std::find_if(snapshot.breakers.begin(), snapshot.breakers.end(), [&](const auto& breaker) {
    return breaker.upstream == host.upstream && breaker.authority == host.authority;
  });
  return limits::BreakerStateName(found == snapshot.breakers.end() ? limits::Breaker::State::kClosed : found->state);
}

// The files of the upstream's credentials: "seethepro.app_access_key_file".
void PutCredentials(const Snapshot& snapshot, absl::string_view upstream, Json* json) {
  json->BeginList("credentials");
  for (const Snapshot::File& file : snapshot.files) {
    if (!absl::StartsWith(file.key, absl::StrCat(upstream, "."))) continue;
    json->Begin();
    json->Text("key", file.key);
    json->Text("file", file.path);
    json->Time("modified", file.modified);
    json->Number("ageSeconds", absl::ToInt64Seconds(snapshot.now - file.modified));
    json->End();
  }
  json->EndList();
}

void PutHosts(const Snapshot& snapshot, Json* json) {
  json->BeginList("upstreams");
  for (const auto& [host, total] : snapshot.totals.hosts) {
    json->Begin();
    json->Text("upstream", host.upstream);
    json->Text("host", host.authority);
    json->Text("breaker", BreakerOf(snapshot, host));
    PutTotal(snapshot, total, json);
    PutCredentials(snapshot, host.upstream, json);
    json->End();
  }
  json->EndList();
}

void PutPermits(const Snapshot& snapshot, Json* json) {
  json->BeginList("permits");
  for (const Snapshot::Permits& permits : snapshot.permits) {
    json->Begin();
    json->Text("upstream", permits.upstream);
    json->Number("active", permits.active);
    json->Number("waiting", permits.waiting);
    json->Number("parkedCredentials", permits.parked);
    json->End();
  }
  json->EndList();
}

void PutLanes(const Snapshot& snapshot, Json* json) {
  json->BeginList("lanes");
  for (const telemetry::HistogramValue& turns : snapshot.lanes) {
    json->Begin();
    json->Number("turns", turns.count());
    json->Fraction("busySeconds", turns.seconds);
    json->End();
  }
  json->EndList();
}

void PutMaterial(const Snapshot& snapshot, Json* json) {
  json->BeginList("certificates");
  for (const auto& [use, end] : snapshot.certificates) {
    json->Begin();
    json->Text("use", use);
    json->Time("end", end);
    json->End();
  }
  json->EndList();
  json->BeginList("files");
  for (const Snapshot::File& file : snapshot.files) {
    json->Begin();
    json->Text("key", file.key);
    json->Text("path", file.path);
    json->Time("modified", file.modified);
    json->End();
  }
  json->EndList();
}

}  // namespace

std::string StatusJson(const Snapshot& snapshot) {
  Json json;
  json.Begin();
  PutProcess(snapshot, &json);
  PutRpcs(snapshot, &json);
  PutHosts(snapshot, &json);
  PutPermits(snapshot, &json);
  PutLanes(snapshot, &json);
  PutMaterial(snapshot, &json);
  json.Begin("events");
  for (size_t i = 0; i < snapshot.counters.size(); ++i) {
    json.Number(telemetry::Describe(static_cast<telemetry::Counter>(i)).name, snapshot.counters[i]);
  }
  json.End();
  json.Begin("configuration");
  for (const auto& [key, value] : snapshot.configuration) json.Text(key, value);
  json.End();
  json.End();
  return json.Take();
}

}  // namespace interaction::app
