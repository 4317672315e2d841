#pragma once

#include <vector>

#include "server/app/snapshot.h"
#include "server/telemetry/metric_family.h"

namespace interaction::app {

// All metrics of the gateway. What the process itself takes (CPU, memory, descriptors) is read from /proc.
std::vector<telemetry::MetricFamily> MetricsOf(const Snapshot& snapshot);

}  // namespace interaction::app
