#include "server/app/status_page.h"

#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include "absl/strings/string_view.h"
#include "server/telemetry/counters.h"
#include "version/version.h"

namespace interaction::app {
namespace {

using Json = rapidjson::PrettyWriter<rapidjson::StringBuffer>;

void Put(absl::string_view text, Json* json) { json->String(text.data(), static_cast<unsigned>(text.size())); }
void Key(absl::string_view key, Json* json) { json->Key(key.data(), static_cast<unsigned>(key.size())); }

void PutText(absl::string_view key, absl::string_view value, Json* json) {
  Key(key, json);
  Put(value, json);
}

void PutNumber(absl::string_view key, int64_t value, Json* json) {
  Key(key, json);
  json->Int64(value);
}

void PutBoolean(absl::string_view key, bool value, Json* json) {
  Key(key, json);
  json->Bool(value);
}

void PutTime(absl::string_view key, absl::Time time, Json* json) {
  PutText(key, absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone()), json);
}

void PutProcess(const Snapshot& snapshot, Json* json) {
  const BuildInfo& build = GetBuildInfo();
  PutText("version", build.version, json);
  PutText("commit", build.commit, json);
  PutTime("started", snapshot.started, json);
  PutNumber("uptimeSeconds", absl::ToInt64Seconds(snapshot.now - snapshot.started), json);
  PutText("state",
          snapshot.health.is_draining  ? "draining"
          : snapshot.health.is_serving ? "serving"
                                       : "starting",
          json);
  PutText("address", snapshot.address, json);
  if (snapshot.connections) PutNumber("clientConnections", static_cast<int64_t>(*snapshot.connections), json);
  PutNumber("callsInFlight", snapshot.calls_in_flight, json);
  PutNumber("logLinesLost", static_cast<int64_t>(snapshot.log_lines_lost), json);
  if (snapshot.records) PutNumber("records", *snapshot.records, json);
  if (snapshot.record_bytes) PutNumber("recordBytes", *snapshot.record_bytes, json);
  if (snapshot.health.redis_connected) PutBoolean("redisConnected", *snapshot.health.redis_connected, json);
}

void PutLimits(const Snapshot& snapshot, Json* json) {
  Key("breakers", json);
  json->StartArray();
  for (const auto& breaker : snapshot.breakers) {
    json->StartObject();
    PutText("upstream", breaker.upstream, json);
    PutText("host", breaker.authority, json);
    PutText("state", limits::BreakerStateName(breaker.state), json);
    json->EndObject();
  }
  json->EndArray();
  Key("permits", json);
  json->StartArray();
  for (const Snapshot::Permits& permits : snapshot.permits) {
    json->StartObject();
    PutText("upstream", permits.upstream, json);
    PutNumber("active", permits.active, json);
    PutNumber("waiting", permits.waiting, json);
    PutNumber("parkedCredentials", permits.parked, json);
    json->EndObject();
  }
  json->EndArray();
}

void PutLanes(const Snapshot& snapshot, Json* json) {
  Key("lanes", json);
  json->StartArray();
  for (const telemetry::HistogramValue& turns : snapshot.lanes) {
    json->StartObject();
    PutNumber("turns", turns.count(), json);
    Key("busySeconds", json);
    json->Double(turns.seconds);
    json->EndObject();
  }
  json->EndArray();
}

void PutMaterial(const Snapshot& snapshot, Json* json) {
  Key("certificates", json);
  json->StartArray();
  for (const auto& [use, end] : snapshot.certificates) {
    json->StartObject();
    PutText("use", use, json);
    PutTime("end", end, json);
    json->EndObject();
  }
  json->EndArray();
  Key("files", json);
  json->StartArray();
  for (const Snapshot::File& file : snapshot.files) {
    json->StartObject();
    PutText("key", file.key, json);
    PutText("path", file.path, json);
    PutTime("modified", file.modified, json);
    json->EndObject();
  }
  json->EndArray();
}

}  // namespace

std::string StatusJson(const Snapshot& snapshot) {
  rapidjson::StringBuffer buffer;
  Json json(buffer);
  json.StartObject();
  PutProcess(snapshot, &json);
  PutLimits(snapshot, &json);
  PutLanes(snapshot, &json);
  PutMaterial(snapshot, &json);
  Key("events", &json);
  json.StartObject();
  for (size_t i = 0; i < snapshot.counters.size(); ++i) {
    PutNumber(telemetry::Describe(static_cast<telemetry::Counter>(i)).name, snapshot.counters[i], &json);
  }
  json.EndObject();
  Key("configuration", &json);
  json.StartObject();
  for (const auto& [key, value] : snapshot.configuration) PutText(key, value, &json);
  json.EndObject();
  json.EndObject();
  buffer.Put('\n');
  return std::string(buffer.GetString(), buffer.GetSize());
}

}  // namespace interaction::app
