#include "server/telemetry/trace_context.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace interaction::telemetry {
namespace {

constexpr size_t kMaxTracestate = 512;
constexpr size_t kMaxTracestateMembers = 32;
constexpr size_t kMaxRequestId = 128;

bool IsLowerHex(absl::string_view text, size_t size) {
  return text.size() == size && text.find_first_not_of("0123456789abcdef") == absl::string_view::npos;
}

// Hex digits, not all zero, which means "none" in both formats.
bool IsId(absl::string_view text, size_t size) {
  return IsLowerHex(text, size) && text.find_first_not_of('0') != absl::string_view::npos;
}

// version "-" trace-id "-" parent-id "-" trace-flags, all of fixed length; versions after 00 may continue after another
// dash.
bool ReadTraceparent(absl::string_view text, TraceContext* context) {
  constexpr size_t kLength = 55;
  if (text.size() < kLength || text[2] != '-' || text[35] != '-' || text[52] != '-') return false;
  const absl::string_view version = text.substr(0, 2);
  if (!IsLowerHex(version, 2) || version == "ff") return false;
  if (text.size() > kLength && (version == "00" || text[kLength] != '-')) return false;
  const absl::string_view trace_id = text.substr(3, 32);
  const absl::string_view span_id = text.substr(36, 16);
  const absl::string_view flags = text.substr(53, 2);
  if (!IsId(trace_id, 32) || !IsId(span_id, 16) || !IsLowerHex(flags, 2)) return false;

  context->trace_id = trace_id;
  context->span_id = span_id;
  // Bit 0 is the only flag of this version; the others must not be passed on.
  context->sampling = absl::StrContains("13579bdf", flags[1]) ? Sampling::kYes : Sampling::kNo;
  return true;
}

// key "=" value of a tracestate.
bool IsTracestateMember(absl::string_view member) {
  const size_t equals = member.find('=');
  if (equals == absl::string_view::npos) return false;
  const absl::string_view key = member.substr(0, equals);
  const absl::string_view value = member.substr(equals + 1);
  const auto is_key = [](char c) {
    return absl::ascii_islower(c) || absl::ascii_isdigit(c) || absl::StrContains("_-*/@", c);
  };
  const auto is_value = [](char c) { return c >= 0x20 && c <= 0x7e && c != '='; };
  return !key.empty() && key.size() <= 256 && absl::ascii_isalnum(key.front()) &&
         std::all_of(key.begin(), key.end(), is_key) && !value.empty() && value.size() <= 256 &&
         std::all_of(value.begin(), value.end(), is_value);
}

// The members, without blanks around them; members at the end that exceed the limit are dropped. If one is malformed,
// all are dropped, as the specification demands.
std::string ReadTracestate(absl::string_view text) {
  std::string state;
  size_t members = 0;
  bool full = false;
  for (absl::string_view member : absl::StrSplit(text, ',')) {
    member = absl::StripAsciiWhitespace(member);
    if (member.empty()) continue;
    if (!IsTracestateMember(member) || ++members > kMaxTracestateMembers) return "";
    full = full || state.size() + 1 + member.size() > kMaxTracestate;
    if (!full) absl::StrAppend(&state, state.empty() ? "" : ",", member);
  }
  return state;
}

// Sets the ids if they are valid.
bool ReadB3Ids(absl::string_view trace_id, absl::string_view span_id, TraceContext* context) {
  if ((!IsId(trace_id, 32) && !IsId(trace_id, 16)) || !IsId(span_id, 16)) return false;
  context->trace_id = absl::string_view(absl::StrCat(trace_id.size() == 16 ? "0000000000000000" : "", trace_id));
  context->span_id = span_id;
  return true;
}

bool ReadB3Sampling(absl::string_view text, Sampling* sampling) {
  if (text == "0") {
    *sampling = Sampling::kNo;
  } else if (text == "1") {
    *sampling = Sampling::kYes;
  } else if (text == "d") {
    *sampling = Sampling::kDebug;
  } else {
    return false;
  }
  return true;
}

// {trace id}-{span id}[-{sampling}[-{parent span id}]], or {sampling} alone.
bool ReadB3(absl::string_view text, TraceContext* context) {
  if (text.empty()) return false;
  TraceContext read;
  if (ReadB3Sampling(text, &context->sampling)) return true;
  const std::vector<absl::string_view> parts = absl::StrSplit(text, absl::MaxSplits('-', 4));
  if (parts.size() < 2 || parts.size() > 4 || !ReadB3Ids(parts[0], parts[1], &read)) return false;
  if (parts.size() > 2 && !ReadB3Sampling(parts[2], &read.sampling)) return false;
  if (parts.size() > 3) {
    if (!IsId(parts[3], 16)) return false;
    read.parent_span_id = parts[3];
  }
  *context = std::move(read);
  return true;
}

// The same with one header for each part. Early tracers sent "true" and "false".
void ReadB3Multi(MetadataLookup lookup, TraceContext* context) {
  const std::string trace_id(lookup("x-b3-traceid"));
  const std::string span_id(lookup("x-b3-spanid"));
  if (!trace_id.empty() && !ReadB3Ids(trace_id, span_id, context)) return;
  const absl::string_view sampled = lookup("x-b3-sampled");
  if (sampled == "1" || sampled == "true") context->sampling = Sampling::kYes;
  if (sampled == "0" || sampled == "false") context->sampling = Sampling::kNo;
  if (lookup("x-b3-flags") == "1") context->sampling = Sampling::kDebug;
  const absl::string_view parent = lookup("x-b3-parentspanid");
  if (!context->trace_id.empty() && IsId(parent, 16)) context->parent_span_id = parent;
}

std::string B3(const TraceContext& context) {
  constexpr absl::string_view kSampling[] = {"", "0", "1", "d"};
  const absl::string_view sampling = kSampling[static_cast<int>(context.sampling)];
  if (context.trace_id.empty()) return std::string(sampling);
  std::string b3 = absl::StrCat(context.trace_id.text(), "-", context.span_id.text());
  if (sampling.empty()) return b3;
  absl::StrAppend(&b3, "-", sampling);
  if (!context.parent_span_id.empty()) absl::StrAppend(&b3, "-", context.parent_span_id.text());
  return b3;
}

bool IsRequestId(absl::string_view text) {
  return !text.empty() && text.size() <= kMaxRequestId && std::all_of(text.begin(), text.end(), absl::ascii_isgraph);
}

}  // namespace

TraceContext FromMetadata(MetadataLookup lookup) {
  TraceContext context;
  if (ReadTraceparent(lookup("traceparent"), &context)) {
    context.tracestate = ReadTracestate(lookup("tracestate"));
  } else if (!ReadB3(lookup("b3"), &context)) {
    ReadB3Multi(lookup, &context);
  }
  const absl::string_view request_id = lookup("x-request-id");
  if (IsRequestId(request_id)) context.request_id = std::string(request_id);
  return context;
}

void AppendHeaders(const TraceContext& context, bool with_b3,
                   absl::FunctionRef<void(absl::string_view name, std::string value)> add) {
  if (!context.trace_id.empty()) {
    const bool sampled = context.sampling == Sampling::kYes || context.sampling == Sampling::kDebug;
    add("traceparent",
        absl::StrCat("00-", context.trace_id.text(), "-", context.span_id.text(), sampled ? "-01" : "-00"));
    if (!context.tracestate.empty()) add("tracestate", context.tracestate);
  }
  if (with_b3) {
    std::string b3 = B3(context);
    if (!b3.empty()) add("b3", std::move(b3));
  }
  if (!context.request_id.empty()) add("x-request-id", context.request_id);
}

}  // namespace interaction::telemetry
