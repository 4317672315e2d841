#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "server/telemetry/metric_family.h"

namespace interaction::telemetry {

// How metrics are written: Prometheus' text format 0.0.4
// (https://prometheus.io/docs/instrumenting/exposition_formats/) or OpenMetrics 1.0
// (https://github.com/OpenObservability/OpenMetrics), which has exemplars besides.
enum class Exposition { kPrometheusText, kOpenMetrics };

// The one that a client asks for by its Accept header. Without one that it knows, Prometheus' text.
Exposition ExpositionFor(absl::string_view accept);

absl::string_view ContentTypeOf(Exposition exposition);

std::string WriteMetrics(const std::vector<MetricFamily>& families, Exposition exposition);

}  // namespace interaction::telemetry
