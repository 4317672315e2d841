#include "server/app/calls_page.h"

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "server/app/json.h"
#include "server/call/log_fields.h"

namespace interaction::app {
namespace {

using call::RecentCall;

absl::string_view ReasonOf(const RecentCall& call) {
  return call.reason ? Describe(*call.reason).name : absl::string_view("OK");
}

bool Fits(const RecentCall& call, const std::map<std::string, std::string>& query) {
  const auto fits = [&query](const char* key, auto&& test) {
    const auto wanted = query.find(key);
    return wanted == query.end() || wanted->second.empty() || test(wanted->second);
  };
  const auto same = [](absl::string_view value) {
    return [value](const std::string& wanted) { return absl::EqualsIgnoreCase(value, wanted); };
  };
  return fits("outcome", same(OutcomeName(call.outcome))) && fits("reason", same(ReasonOf(call))) &&
         fits("request_id", same(call.request_id)) && fits("trace_id", same(call.trace_id)) &&
         fits("caller", [&call](const std::string& wanted) { return absl::StrContains(call.caller, wanted); });
}

void PutIfAny(absl::string_view key, absl::string_view text, Json* json) {
  if (!text.empty()) json->Text(key, text);
}

// The keys are those of the call's log line.
void Put(const RecentCall& call, Json* json) {
  json->Begin();
  json->Text("id", call.id);
  json->Text("ended", absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", call.ended, absl::UTCTimeZone()));
  json->Text("method", call.method);
  json->Text("code", absl::StatusCodeToString(call.code));
  json->Text("outcome", OutcomeName(call.outcome));
  json->Text("reason", ReasonOf(call));
  if (call.phase) json->Text("phase", PhaseName(*call.phase));
  PutIfAny("detail", call.detail, json);
  PutIfAny("caller", call.caller, json);
  PutIfAny("requestId", call.request_id, json);
  PutIfAny("interactionId", call.interaction_id, json);
  json->Fraction("durationMs", call::MillisecondsOf(call.duration));
  json->Begin("phasesMs");
  for (size_t i = 0; i < call.in_phases.size(); ++i) {
    if (call.in_phases[i] == absl::ZeroDuration()) continue;
    json->Fraction(PhaseName(static_cast<Phase>(i)), call::MillisecondsOf(call.in_phases[i]));
  }
  json->End();
  json->Text("upstream", call.upstream);
  PutIfAny("host", call.host, json);
  json->Number("httpStatus", call.http_status);
  json->Number("attempts", call.attempts);
  json->Boolean("replayed", call.replayed);
  json->Boolean("bypassed", call.bypassed);
  if (call.is_late_answer) json->Boolean("lateAnswer", true);
  PutIfAny("traceId", call.trace_id, json);
  json->Number("requestBytes", call.request_bytes);
  json->Number("replyBytes", call.reply_bytes);
  json->End();
}

}  // namespace

std::string CallsJson(const std::vector<RecentCall>& calls, const std::map<std::string, std::string>& query) {
  Json json;
  json.Begin();
  json.BeginList("calls");
  for (const RecentCall& call : calls) {
    if (Fits(call, query)) Put(call, &json);
  }
  json.EndList();
  json.End();
  return json.Take();
}

}  // namespace interaction::app
