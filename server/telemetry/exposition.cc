#include "server/telemetry/exposition.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace interaction::telemetry {
namespace {

// --- Prometheus' text, by prometheus-cpp ---------------------------------------------------------------------------

prometheus::MetricType ToPrometheus(MetricType type) {
  switch (type) {
    case MetricType::kCounter:
      return prometheus::MetricType::Counter;
    case MetricType::kGauge:
      return prometheus::MetricType::Gauge;
    case MetricType::kHistogram:
      return prometheus::MetricType::Histogram;
    case MetricType::kSummary:
      return prometheus::MetricType::Summary;
  }
  return prometheus::MetricType::Untyped;
}

prometheus::ClientMetric ToPrometheus(const Series& series, MetricType type) {
  prometheus::ClientMetric metric;
  for (const auto& [name, value] : series.labels) metric.label.push_back({name, value});
  switch (type) {
    case MetricType::kCounter:
      metric.counter.value = series.value;
      break;
    case MetricType::kGauge:
      metric.gauge.value = series.value;
      break;
    case MetricType::kSummary:
      metric.summary.sample_count = static_cast<uint64_t>(series.count);
      metric.summary.sample_sum = series.value;
      break;
    case MetricType::kHistogram: {
      const HistogramValue& value = *series.histogram;
      uint64_t below = 0;
      for (size_t i = 0; i < value.counts.size(); ++i) {
        below += static_cast<uint64_t>(value.counts[i]);
        const bool is_last = i == kDurationBounds.size();
        metric.histogram.bucket.push_back(
            {below, is_last ? std::numeric_limits<double>::infinity() : kDurationBounds[i]});
      }
      metric.histogram.sample_count = below;
      metric.histogram.sample_sum = value.seconds;
      break;
    }
  }
  return metric;
}

std::string WriteText(const std::vector<MetricFamily>& families) {
  std::vector<prometheus::MetricFamily> converted;
  for (const MetricFamily& family : families) {
    prometheus::MetricFamily to{family.name, family.help, ToPrometheus(family.type), {}};
    for (const Series& series : family.series) to.metric.push_back(ToPrometheus(series, family.type));
    converted.push_back(std::move(to));
  }
  return prometheus::TextSerializer().Serialize(converted);
}

// --- OpenMetrics, which no library of Debian writes ----------------------------------------------------------------

std::string Escape(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"\n", "\\n"}, {"\"", "\\\""}});
}

std::string Number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  std::array<char, 32> text;  // the shortest that reads the same again
  return std::string(text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr);
}

// Bounds are labels, and must read the same in every scrape and in both formats.
std::string Bound(size_t i) { return i == kDurationBounds.size() ? "+Inf" : absl::StrFormat("%g", kDurationBounds[i]); }

std::string LabelsText(const Labels& labels, absl::string_view more_name = "", absl::string_view more_value = "") {
  std::string text;
  const auto add = [&text](absl::string_view name, absl::string_view value) {
    absl::StrAppend(&text, text.empty() ? "{" : ",", name, "=\"", Escape(value), "\"");
  };
  for (const auto& [name, value] : labels) add(name, value);
  if (!more_name.empty()) add(more_name, more_value);
  return text.empty() ? text : text + "}";
}

std::string ExemplarText(const std::optional<Exemplar>& exemplar) {
  if (!exemplar) return "";
  return absl::StrFormat(" # {trace_id=\"%s\"} %s %.3f", exemplar->trace_id, Number(exemplar->seconds),
                         static_cast<double>(absl::ToUnixMillis(exemplar->time)) / 1000);
}

void AppendHistogram(absl::string_view name, const Series& series, std::string* out) {
  const HistogramValue& value = *series.histogram;
  int64_t below = 0;
  for (size_t i = 0; i < value.counts.size(); ++i) {
    below += value.counts[i];
    absl::StrAppend(out, name, "_bucket", LabelsText(series.labels, "le", Bound(i)), " ", below,
                    ExemplarText(value.exemplars[i]), "\n");
  }
  const std::string labels = LabelsText(series.labels);
  absl::StrAppend(out, name, "_count", labels, " ", below, "\n", name, "_sum", labels, " ", Number(value.seconds),
                  "\n");
}

absl::string_view TypeName(MetricType type) {
  switch (type) {
    case MetricType::kCounter:
      return "counter";
    case MetricType::kGauge:
      return "gauge";
    case MetricType::kHistogram:
      return "histogram";
    case MetricType::kSummary:
      return "summary";
  }
  return "unknown";
}

absl::string_view UnitOf(absl::string_view name) {
  for (const absl::string_view unit : {"seconds", "bytes"}) {
    if (absl::EndsWith(name, absl::StrCat("_", unit))) return unit;
  }
  return "";
}

std::string WriteOpenMetrics(const std::vector<MetricFamily>& families) {
  std::string out;
  for (const MetricFamily& family : families) {
    const absl::string_view name =
        family.type == MetricType::kCounter ? absl::StripSuffix(family.name, "_total") : family.name;
    absl::StrAppend(&out, "# TYPE ", name, " ", TypeName(family.type), "\n");
    if (const absl::string_view unit = UnitOf(name); !unit.empty()) {
      absl::StrAppend(&out, "# UNIT ", name, " ", unit, "\n");
    }
    absl::StrAppend(&out, "# HELP ", name, " ", Escape(family.help), "\n");
    for (const Series& series : family.series) {
      if (family.type == MetricType::kHistogram) {
        AppendHistogram(name, series, &out);
      } else if (family.type == MetricType::kSummary) {
        const std::string labels = LabelsText(series.labels);
        absl::StrAppend(&out, name, "_count", labels, " ", series.count, "\n", name, "_sum", labels, " ",
                        Number(series.value), "\n");
      } else {
        absl::StrAppend(&out, family.name, LabelsText(series.labels), " ", Number(series.value), "\n");
      }
    }
  }
  return out + "# EOF\n";
}

}  // namespace

// Quality values: a client that knows OpenMetrics at all prefers it, unless it says otherwise.
Exposition ExpositionFor(absl::string_view accept) {
  double text_quality = 0, open_metrics_quality = 0;
  for (const absl::string_view range : absl::StrSplit(accept, ',')) {
    const std::vector<absl::string_view> parts = absl::StrSplit(range, ';');
    double quality = 1;
    for (const absl::string_view part : parts) {
      absl::string_view parameter = absl::StripAsciiWhitespace(part);
      if (absl::ConsumePrefix(&parameter, "q=") && !absl::SimpleAtod(parameter, &quality)) quality = 0;
    }
    const absl::string_view type = absl::StripAsciiWhitespace(parts.front());
    if (type == "application/openmetrics-text") open_metrics_quality = std::max(open_metrics_quality, quality);
    if (type == "text/plain") text_quality = std::max(text_quality, quality);
  }
  return open_metrics_quality > 0 && open_metrics_quality >= text_quality ? Exposition::kOpenMetrics
                                                                          : Exposition::kPrometheusText;
}

absl::string_view ContentTypeOf(Exposition exposition) {
  return exposition == Exposition::kOpenMetrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                                : "text/plain; version=0.0.4; charset=utf-8";
}

std::string WriteMetrics(const std::vector<MetricFamily>& families, Exposition exposition) {
  return exposition == Exposition::kOpenMetrics ? WriteOpenMetrics(families) : WriteText(families);
}

}  // namespace interaction::telemetry
