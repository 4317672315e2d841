#include "server/telemetry/histogram.h"

#include <cmath>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "server/base/hex.h"

namespace interaction::telemetry {
namespace {

constexpr size_t kHexDigits = 16;  // of a uint64_t

// The bucket of a duration: the first whose bound is not below it.
size_t BucketOf(int64_t nanoseconds) {
  static const auto bounds = [] {
    std::array<int64_t, kDurationBounds.size()> made;
    for (size_t i = 0; i < made.size(); ++i) made[i] = std::llround(kDurationBounds[i] * 1e9);
    return made;
  }();
  return static_cast<size_t>(std::lower_bound(bounds.begin(), bounds.end(), nanoseconds) - bounds.begin());
}

}  // namespace

int64_t HistogramValue::count() const { return std::accumulate(counts.begin(), counts.end(), int64_t{0}); }

double HistogramValue::Quantile(double share) const {
  const double rank = share * static_cast<double>(count());
  double below = 0, lower = 0;
  for (size_t i = 0; i < kDurationBounds.size(); ++i) {
    const auto inside = static_cast<double>(counts[i]);
    if (inside > 0 && below + inside >= rank) return lower + (kDurationBounds[i] - lower) * (rank - below) / inside;
    below += inside;
    lower = kDurationBounds[i];
  }
  return below == 0 && counts.back() == 0 ? 0 : kDurationBounds.back();
}

HistogramValue& HistogramValue::operator+=(const HistogramValue& other) {
  for (size_t i = 0; i < counts.size(); ++i) {
    counts[i] += other.counts[i];
    if (other.exemplars[i] && (!exemplars[i] || exemplars[i]->time < other.exemplars[i]->time)) {
      exemplars[i] = other.exemplars[i];
    }
  }
  seconds += other.seconds;
  return *this;
}

void Histogram::Observe(int64_t nanoseconds, absl::string_view trace_id, absl::Time now) {
  const size_t bucket = BucketOf(nanoseconds);
  counts_[bucket].Add();
  nanoseconds_.Add(nanoseconds);
  if (trace_id.size() == 2 * kHexDigits) Write(&exemplars_[bucket], trace_id, nanoseconds, now);
}

void Histogram::Write(ExemplarSlot* slot, absl::string_view trace_id, int64_t nanoseconds, absl::Time now) {
  const uint32_t version = slot->version.load(std::memory_order_relaxed);
  slot->version.store(version + 1, std::memory_order_relaxed);
  // Whoever sees one of these sees the odd version, too.
  slot->trace_id[0].store(HexToNumber(trace_id.substr(0, kHexDigits)), std::memory_order_release);
  slot->trace_id[1].store(HexToNumber(trace_id.substr(kHexDigits)), std::memory_order_release);
  slot->nanoseconds.store(nanoseconds, std::memory_order_release);
  slot->time.store(absl::ToUnixNanos(now), std::memory_order_release);
  slot->version.store(version + 2, std::memory_order_release);
}

std::optional<Exemplar> Histogram::Read(const ExemplarSlot& slot) {
  while (true) {
    const uint32_t version = slot.version.load(std::memory_order_acquire);
    if (version == 0) return std::nullopt;
    const uint64_t high = slot.trace_id[0].load(std::memory_order_acquire);
    const uint64_t low = slot.trace_id[1].load(std::memory_order_acquire);
    const int64_t nanoseconds = slot.nanoseconds.load(std::memory_order_acquire);
    const int64_t time = slot.time.load(std::memory_order_acquire);
    if (version % 2 != 0 || slot.version.load(std::memory_order_relaxed) != version) continue;
    return Exemplar{.trace_id = absl::StrCat(absl::Hex(high, absl::kZeroPad16), absl::Hex(low, absl::kZeroPad16)),
                    .seconds = static_cast<double>(nanoseconds) / 1e9,
                    .time = absl::FromUnixNanos(time)};
  }
}

HistogramValue Histogram::Read() const {
  HistogramValue value;
  for (size_t i = 0; i < counts_.size(); ++i) {
    value.counts[i] = counts_[i].value();
    value.exemplars[i] = Read(exemplars_[i]);
  }
  value.seconds = static_cast<double>(nanoseconds_.value()) / 1e9;
  return value;
}

}  // namespace interaction::telemetry
