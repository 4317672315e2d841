#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/telemetry/cell.h"

namespace interaction::telemetry {

// Upper bounds of the buckets of durations, in seconds: those that OpenTelemetry advises for calls, and finer and
// coarser ones, since the gateway's own part takes less than a millisecond and an upstream may take two minutes.
inline constexpr std::array<double, 18> kDurationBounds = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                                           0.5,    0.75,  1,      2.5,   5,    10,    30,   60,  120};

// An observation with the trace that it belongs to.
struct Exemplar {
  std::string trace_id;  // 32 hex digits
  double seconds = 0;
  absl::Time time;
};

// What a histogram holds at one moment. Histograms of several threads are added up.
struct HistogramValue {
  std::array<int64_t, kDurationBounds.size() + 1> counts{};  // not cumulative; the last has no upper bound
  double seconds = 0;                                        // in all
  std::array<std::optional<Exemplar>, kDurationBounds.size() + 1> exemplars;  // the latest of each bucket

  int64_t count() const;

  // The duration, in seconds, that the given share of the observations, from 0 to 1, does not exceed; within a bucket
  // they are taken to be spread evenly. 0 without observations; the last bound for what is beyond it.
  double Quantile(double share) const;
  HistogramValue& operator+=(const HistogramValue& other);
};

// Durations that one thread observes and others read. Observing takes no lock and allocates nothing.
class Histogram {
 public:
  // `trace_id`: 32 hex digits, or "" for no exemplar; `now` is for the exemplar.
  void Observe(int64_t nanoseconds, absl::string_view trace_id = "", absl::Time now = absl::UnixEpoch());

  HistogramValue Read() const;

 private:
  // Written by one thread while others read: the version is odd during a write, and a reader who sees two different
  // versions tries again.
  struct ExemplarSlot {
    std::atomic<uint32_t> version{0};
    std::array<std::atomic<uint64_t>, 2> trace_id{};
    std::atomic<int64_t> nanoseconds{0};
    std::atomic<int64_t> time{0};  // Unix, nanoseconds
  };

  static void Write(ExemplarSlot* slot, absl::string_view trace_id, int64_t nanoseconds, absl::Time now);
  static std::optional<Exemplar> Read(const ExemplarSlot& slot);

  std::array<Cell, kDurationBounds.size() + 1> counts_;
  Cell nanoseconds_;
  std::array<ExemplarSlot, kDurationBounds.size() + 1> exemplars_;
};

}  // namespace interaction::telemetry
