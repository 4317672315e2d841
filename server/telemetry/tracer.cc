#include "server/telemetry/tracer.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/base/hex.h"

namespace interaction::telemetry {
namespace {

// As OpenTelemetry's SDKs do, so that services with the same ratio choose the same traces: by the last 63 bits.
bool IsWithin(double ratio, absl::string_view trace_id) {
  if (ratio >= 1) return true;
  const uint64_t low = HexToNumber(trace_id.substr(16));
  constexpr double kAll = 9223372036854775808.0;  // 2^63
  return static_cast<double>(low >> 1) < ratio * kAll;
}

}  // namespace

absl::StatusOr<Sampler> Sampler::Parse(absl::string_view name, absl::string_view argument) {
  Sampler sampler;
  absl::string_view kind = name;
  sampler.by_parent = absl::ConsumePrefix(&kind, "parentbased_");
  if (kind == "always_on") return sampler;
  if (kind == "always_off") {
    sampler.ratio = 0;
    return sampler;
  }
  if (kind != "traceidratio") {
    return absl::InvalidArgumentError(
        absl::StrCat("OTEL_TRACES_SAMPLER is \"", name,
                     "\"; there are always_on, always_off and traceidratio, and each of them after parentbased_"));
  }
  if (argument.empty()) return sampler;
  if (!absl::SimpleAtod(argument, &sampler.ratio) || !(sampler.ratio >= 0 && sampler.ratio <= 1)) {
    return absl::InvalidArgumentError(
        absl::StrCat("OTEL_TRACES_SAMPLER_ARG is \"", argument, "\", which is not a number from 0 to 1"));
  }
  return sampler;
}

uint64_t Tracer::NotZero() const {
  const uint64_t number = random_();
  return number == 0 ? 1 : number;  // all zero means "none"
}

SpanId Tracer::NewSpanId() const {
  char digits[16];
  WriteHex(NotZero(), digits);
  return absl::string_view(digits, sizeof digits);
}

TraceId Tracer::NewTraceId() const {
  char digits[32];
  WriteHex(NotZero(), digits);
  WriteHex(NotZero(), digits + 16);
  return absl::string_view(digits, sizeof digits);
}

bool Tracer::IsRecorded(const TraceContext& context, absl::string_view trace_id) const {
  const bool has_decided = context.sampling != Sampling::kUndecided && !context.trace_id.empty();
  if (context.sampling == Sampling::kDebug) return true;
  if (sampler_.by_parent && has_decided) return context.sampling == Sampling::kYes;
  return IsWithin(sampler_.ratio, trace_id);
}

Tracer::Started Tracer::Start(const TraceContext& context) const {
  Started started;
  started.trace_id = context.trace_id.empty() ? NewTraceId() : context.trace_id;
  started.span_id = NewSpanId();
  started.is_recorded = IsRecorded(context, started.trace_id);
  return started;
}

}  // namespace interaction::telemetry
