#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/base/mutex.h"
#include "server/telemetry/otlp.h"

namespace interaction::telemetry {

// Sends spans to a collector, many at a time, on a thread of its own. A collector that is slow or gone stops nobody:
// what the queue has no room for is dropped and counted. Thread-safe.
class SpanExporter {
 public:
  // As OpenTelemetry's batch processor: OTEL_BSP_MAX_QUEUE_SIZE, .._MAX_EXPORT_BATCH_SIZE, .._SCHEDULE_DELAY.
  struct Options {
    size_t max_queue = 2048;
    size_t max_batch = 512;
    absl::Duration delay = absl::Seconds(5);
  };

  // Sends a serialized ExportTraceServiceRequest (otlp.h); blocks until the collector has answered, or the time is up.
  // On the exporter's thread.
  using Send = std::function<absl::Status(absl::string_view body)>;
  // Told of failures, on that thread too.
  using OnFailure = std::function<void(const absl::Status& status)>;

  SpanExporter(const Options& options, Resource resource, Send send, OnFailure on_failure);
  ~SpanExporter();  // sends what is left, once

  // `span`: from a SpanWriter. Costs a lock that is held while it is copied.
  void Add(absl::string_view span);

  uint64_t sent() const { return sent_.load(std::memory_order_relaxed); }
  uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  void Run();
  bool WaitForBatch(SpanBatch* batch);
  bool DropAllAtEnd();
  bool SendBatch(SpanBatch* batch);
  void AddBatch() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Options options_;
  const Resource resource_;
  const Send send_;
  const OnFailure on_failure_;
  std::atomic<uint64_t> sent_{0};
  std::atomic<uint64_t> dropped_{0};
  Mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<SpanBatch> queue_ ABSL_GUARDED_BY(mutex_);     // all but the last are full
  size_t spans_ ABSL_GUARDED_BY(mutex_) = 0;                // in it
  std::optional<SpanBatch> spare_ ABSL_GUARDED_BY(mutex_);  // an empty one, whose memory is used again
  bool is_ending_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace interaction::telemetry
