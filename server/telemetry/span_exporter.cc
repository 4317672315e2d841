#include "server/telemetry/span_exporter.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "server/telemetry/otlp.h"

namespace interaction::telemetry {

SpanExporter::SpanExporter(const Options& options, Span::Attributes resource, Send send, OnFailure on_failure)
    : options_(options),
      resource_(std::move(resource)),
      send_(std::move(send)),
      on_failure_(std::move(on_failure)),
      thread_([this] { Run(); }) {}

SpanExporter::~SpanExporter() {
  {
    const MutexLock lock(&mutex_);
    is_ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void SpanExporter::Add(Span span) {
  bool is_batch;
  {
    const MutexLock lock(&mutex_);
    if (queue_.size() >= options_.max_queue) {
      dropped_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    queue_.push_back(std::move(span));
    is_batch = queue_.size() == options_.max_batch;
  }
  if (is_batch) changed_.notify_one();
}

void SpanExporter::Run() {
  std::vector<Span> batch;
  while (WaitForBatch(&batch)) {
    if (!SendBatch(batch) && DropAllAtEnd()) return;
    batch.clear();
  }
}

// A collector that does not answer must not hold up the end.
bool SpanExporter::DropAllAtEnd() {
  const MutexLock lock(&mutex_);
  if (is_ending_) dropped_.fetch_add(queue_.size(), std::memory_order_relaxed);
  return is_ending_;
}

// False when there are no spans left and there will be none.
bool SpanExporter::WaitForBatch(std::vector<Span>* batch) {
  const auto deadline = absl::ToChronoTime(absl::Now() + options_.delay);
  const MutexLock lock(&mutex_);
  while (queue_.size() < options_.max_batch && !is_ending_) {
    const bool is_late = changed_.wait_until(mutex_, deadline) == std::cv_status::timeout;
    if (is_late && !queue_.empty()) break;
    if (is_late) return !is_ending_;
  }
  const size_t size = std::min(queue_.size(), options_.max_batch);
  const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(size);
  batch->assign(std::make_move_iterator(queue_.begin()), std::make_move_iterator(end));
  queue_.erase(queue_.begin(), end);
  return !batch->empty();
}

bool SpanExporter::SendBatch(const std::vector<Span>& batch) {
  if (batch.empty()) return true;
  const absl::Status status = send_(EncodeTraces(resource_, batch));
  if (status.ok()) {
    sent_.fetch_add(batch.size(), std::memory_order_relaxed);
    return true;
  }
  dropped_.fetch_add(batch.size(), std::memory_order_relaxed);
  if (on_failure_) on_failure_(status);
  return false;
}

}  // namespace interaction::telemetry
