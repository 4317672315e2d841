#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/telemetry/histogram.h"

namespace interaction::telemetry {

// Metrics as Prometheus knows them, at one moment: what a scrape is written from (exposition.h).

using Labels = std::vector<std::pair<std::string, std::string>>;

// One time series. `histogram` is set in a family of that type; `value` otherwise.
struct Series {
  Labels labels;
  double value = 0;
  std::optional<HistogramValue> histogram;
  int64_t count = 0;  // of a summary, whose sum is `value`
};

enum class MetricType { kCounter, kGauge, kHistogram, kSummary };

// All series of one name. Names follow Prometheus: a counter's ends with "_total", and the unit is part of it.
struct MetricFamily {
  std::string name;
  std::string help;  // one sentence
  MetricType type = MetricType::kCounter;
  std::vector<Series> series;
};

}  // namespace interaction::telemetry
